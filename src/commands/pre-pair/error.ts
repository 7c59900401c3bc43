/**
 * Why prepair did nothing: one line that says what, where, and what to do. The message holds nothing of what the files
 * hold, so it can be printed.
 */
export class PrepairError extends Error {
  override readonly name = "PrepairError";
}

/** Node's code of a failed system call, such as `ENOENT`; `unknown error` for anything else that was thrown. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "unknown error";
}
