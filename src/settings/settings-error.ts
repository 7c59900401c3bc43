import { withAdvice, type Advice } from "../text/advice.ts";
import { printable, withoutCapability } from "../text/printable.ts";

/** One setting that cannot be used, or has no effect. */
export interface SettingProblem extends Partial<Advice> {
  /** The setting as the user gave it: `--hold`, `OPENCLAW_SHIM_HOLD`, `hold in FILE`. */
  readonly setting: string;
  /** The value as `shownValue` returns it; absent if there is none, or if it may be a secret. */
  readonly value?: string;
  /** What is wrong, as the end of the sentence `"value" …`. */
  readonly problem: string;
}

/** Settings that cannot be used. The message has one line for each problem. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly problems: readonly SettingProblem[];

  constructor(...problems: readonly SettingProblem[]) {
    super(problems.map(problemLine).join("\n"));
    this.problems = problems;
  }
}

/** Returns a problem as one line for people: the setting, the value, what is wrong, what to do. */
export function problemLine(problem: SettingProblem): string {
  return withAdvice(statement(problem), problem);
}

/** Returns what is wrong as one line, without what to do. */
export function statement({ setting, value, problem }: SettingProblem): string {
  return `${setting}: ${value === undefined ? "" : `"${value}" `}${problem}`;
}

/**
 * Returns a value that is fit to be shown: printable, at most 80 characters, and without the parts of a URL that may
 * be a secret: userinfo (RFC 3986 section 3.2.1), query, fragment and OpenClaw's capabilities.
 */
export function shownValue(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? "";
  const rest = text.slice(scheme.length);
  // An @ after ? or # may belong to a password or to a query: what follows it is the host, or a part of the secret.
  const safe = /[?#].*@/s.test(rest) ? "…" : rest.replace(/.*@/s, "…@").replace(/[?#].*$/s, "…");
  return printable(scheme + withoutCapability(safe), 80);
}
