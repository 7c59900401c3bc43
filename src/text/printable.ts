/** What any text from outside may take in a log line, in UTF-16 units. */
const DEFAULT_LIMIT = 256;

// Controls, DEL, C1, bidi overrides and the line separators: all that could forge or reorder a log line.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Text from outside, fit for one log line: control and formatting characters become `?`, and what is longer
 * than `limit` ends in an ellipsis (CWE-117, log injection).
 */
export function printable(text: string, limit: number = DEFAULT_LIMIT): string {
  const capped = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return capped.replace(UNPRINTABLE, "?");
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns Node's code of a failed system call, such as `ENOENT`; `unknown error` for any other error. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
