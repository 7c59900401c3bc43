import { printable } from "../text/printable.ts";

/** Settings that do not hold. `problems` has one line for each, fit to print: it names the setting as given. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly problems: readonly string[];

  /** @param problems at least one line, each without a newline and without a secret. */
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * A given value as a problem line shows it: printable, at most 80 characters, and without what may hold a secret
 * in a URL: the userinfo (RFC 3986 section 3.2.1), the query and the fragment.
 */
export function quoted(text: string): string {
  const safe = text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1…@").replace(/[?#].*$/s, "…");
  return `"${printable(safe, 80)}"`;
}
