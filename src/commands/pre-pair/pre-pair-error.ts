import type { Advice } from "../../errors.ts";
import { errorCode, printable } from "../../text/printable.ts";

/** The reason why pre-pair changed nothing, fit to print: it contains nothing from the files themselves. */
export class PrePairError extends Error {
  override readonly name = "PrePairError";
  readonly advice: Advice;

  constructor(problem: string, fix: string, options?: ErrorOptions) {
    super(`${problem}; ${fix}`, options);
    this.advice = { fix };
  }
}

const FIXES = new Map([
  ["EACCES", "run pre-pair as the owner of the state directory"],
  ["EPERM", "run pre-pair as the owner of the state directory"],
  ["EDQUOT", "free some space in that user's quota"],
  ["ENOSPC", "free some space on that disk"],
  ["EROFS", "run pre-pair while the image is built: this file system is read-only"],
  ["ENOENT", "create its parent folder first"],
]);

/**
 * Performs system calls on one path.
 *
 * @param done what they do, as a participle for the message: `read`, `written`
 * @throws PrePairError for every error that they throw
 */
export function attempt<T>(path: string, done: string, calls: () => T): T {
  try {
    return calls();
  } catch (error) {
    const code = errorCode(error);
    const fix = FIXES.get(code) ?? "check that path and its file system";
    throw new PrePairError(`${printable(path)} cannot be ${done} (${code})`, fix, { cause: error });
  }
}

/** Returns what `work` returns; undefined if it throws. */
export function optional<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
