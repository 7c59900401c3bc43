import { closeSync, constants, lstatSync, openSync, readFileSync, type BigIntStats } from "node:fs";
import { errorCode, messageOf, printable } from "../../text/printable.ts";
import { parseJson } from "../../text/strict-json.ts";

/** OpenClaw's own files are a few kilobytes. */
const MAX_BYTES = 4 * 1024 * 1024;
// The path may have become a link or a FIFO since lstat(2): do not follow the one, nor wait for the other.
const CAREFULLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const FIXES = new Map([
  ["EACCES", "run pre-pair as the owner of the state directory"],
  ["EPERM", "run pre-pair as the owner of the state directory"],
  ["EDQUOT", "free some space in that user's quota"],
  ["ENOSPC", "free some space on that disk"],
  ["EROFS", "run pre-pair while the image is built: this file system is read-only"],
  ["ENOENT", "create its parent folder first"],
]);

/** The fix for a file that OpenClaw could not have written. */
export const DAMAGED_FIX = "fix it, or move it away if you do not need it";

/** The reason why pre-pair changed nothing, fit to print: it contains nothing from the files themselves. */
export class PrePairError extends Error {
  override readonly name = "PrePairError";

  constructor(problem: string, fix: string, options?: ErrorOptions) {
    super(`${problem}; ${fix}`, options);
  }
}

/** Returns the error that a file or folder cannot be used as it is. */
export function unfit(path: string, why: string, fix: string, options?: ErrorOptions): PrePairError {
  return new PrePairError(`${printable(path)} ${why}`, fix, options);
}

/**
 * Performs system calls on one path, to be `read`, `written` …
 * @throws PrePairError for every error that they throw
 */
export function attempt<T>(path: string, done: string, calls: () => T): T {
  try {
    return calls();
  } catch (error) {
    const code = errorCode(error);
    const fix = FIXES.get(code) ?? "check that path and its file system";
    const why = error instanceof Error && "code" in error ? code : messageOf(error);
    throw unfit(path, `cannot be ${done} (${why})`, fix, { cause: error });
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

/** One of OpenClaw's JSON files; `found` is absent if it does not exist. */
export interface StateFile {
  readonly path: string;
  readonly found?: { readonly text: string; readonly value: unknown; readonly stat: BigIntStats };
}

/** Reads a file. @throws PrePairError if `checkOwn` refuses it, or it is unreadable, too large or damaged */
export function readStateFile(path: string): StateFile {
  const stat = checkOwn(path, "a regular file");
  if (!stat) return { path };
  if (stat.size > MAX_BYTES)
    throw unfit(path, `is larger than ${MAX_BYTES} bytes: not OpenClaw's`, "move it away");
  const bytes = attempt(path, "read", () => withOpen(path, CAREFULLY, (fd) => readFileSync(fd)));
  const json = parseJson(bytes);
  if ("why" in json) throw unfit(path, json.why, DAMAGED_FIX);
  return { path, found: { text: bytes.toString(), value: json.value, stat } };
}

/**
 * Checks a file or folder of the state directory; returns undefined if it does not exist.
 * @throws PrePairError if it is a symbolic link, of another kind, or another user's
 */
export function checkOwn(path: string, kind: "a regular file" | "a folder"): BigIntStats | undefined {
  const stat = attempt(path, "read", () => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
  if (!stat) return undefined;
  if (stat.isSymbolicLink())
    throw unfit(path, "is a symbolic link, which pre-pair does not follow", "replace the link by its target");
  if (!(kind === "a folder" ? stat.isDirectory() : stat.isFile()))
    throw unfit(path, `is not ${kind}`, "move it away");
  const own = process.geteuid?.();
  if (own === undefined || Number(stat.uid) === own) return stat;
  const why = `belongs to user ${stat.uid}, not to user ${own}`;
  throw unfit(path, why, "give the whole state directory to one user (chown)");
}

/** Returns true if the file is still the one that was read, or still does not exist. */
export function isUnchanged({ path, found }: StateFile): boolean {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && found ? stamp(stat) === stamp(found.stat) : stat === found;
}

/** Opens a file for the duration of `use`; a new one gets mode 0600. */
export function withOpen<T>(path: string, flags: number, use: (fd: number) => T): T {
  const fd = openSync(path, flags, 0o600);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

// Unlike mtime, ctime cannot be set back.
function stamp({ dev, ino, size, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, ctimeNs].join(" ");
}
