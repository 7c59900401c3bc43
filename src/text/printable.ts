/** Limit of text from outside in a log line, in UTF-16 units. */
const DEFAULT_LIMIT = 256;

// Controls, DEL, C1, bidi overrides and line separators could forge or reorder a log line. A text, because it takes 1 ms to
// parse, compile and use such a literal, and most starts need it for nothing.
const UNPRINTABLE = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]`;
const PLAIN = /^[ -~]*$/;
let unprintable: RegExp | undefined;

/**
 * Makes text from outside fit for one log line: control and formatting characters become `?`, and longer text ends in
 * an ellipsis (CWE-117, log injection).
 */
export function printable(text: string, limit: number = DEFAULT_LIMIT): string {
  const capped = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  if (PLAIN.test(capped)) return capped;
  unprintable ??= new RegExp(UNPRINTABLE, "gu");
  return capped.replace(unprintable, "?");
}

/** Returns the message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns Node's code of a failed system call, such as `ENOENT`; `unknown error` for any other error. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

/**
 * OpenClaw's URLs for a plugin's pages carry a capability as a path segment: `/__openclaw__/cap/CAPABILITY/…` (2026.9.6,
 * dist/plugin-node-capability-*.mjs). The gateway resolves backslashes and dot segments first, as URLs do, so any later
 * segment may be the capability.
 */
const CAPABILITY = /([/\\]cap[/\\]).*$/is;

/** Returns a path without OpenClaw's capabilities. */
export function withoutCapability(path: string): string {
  return path.replace(CAPABILITY, "$1…");
}

/**
 * Returns a request target as logs, errors and pages show it: without query, fragment, the userinfo of an absolute-form
 * and OpenClaw's capabilities, which are credentials.
 */
export function shownPath(target = ""): string {
  const [path = ""] = target.split(/[?#]/, 1);
  return path.startsWith("/") ? printable(withoutCapability(path)) : "(no path)";
}
