import { closeSync, constants, lstatSync, openSync, readFileSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { printable } from "../../text/printable.ts";
import { parseJson } from "../../text/strict-json.ts";
import { attempt, PrePairError } from "./pre-pair-error.ts";

/** OpenClaw's own files are a few kilobytes. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The fix for a file that OpenClaw could not have written. */
export const DAMAGED_FIX = "fix it, or move it away if you do not need it";

/** One of OpenClaw's JSON files. */
export interface StateFile {
  readonly path: string;
  /** Absent if the file does not exist. */
  readonly found?: { readonly text: string; readonly value: unknown; readonly stat: BigIntStats };
}

/** Reads a file. @throws PrePairError if `checkOwn` refuses it, or it is unreadable, too large or damaged */
export function readStateFile(path: string): StateFile {
  const stat = checkOwn(path, "a regular file");
  if (!stat) return { path };
  const shown = printable(path);
  if (stat.size > MAX_BYTES) {
    throw new PrePairError(`${shown} is larger than ${MAX_BYTES} bytes: not OpenClaw's`, "move it away");
  }
  const bytes = attempt(path, "read", () => readWithoutFollowing(path));
  const json = parseJson(bytes);
  if ("value" in json) return { path, found: { text: bytes.toString(), value: json.value, stat } };
  throw new PrePairError(`${shown} ${json.why}`, DAMAGED_FIX);
}

/**
 * Checks a file or folder of the state directory.
 * @returns undefined if it does not exist
 * @throws PrePairError if it is a symbolic link, of another kind, or another user's
 */
export function checkOwn(path: string, kind: "a regular file" | "a folder"): BigIntStats | undefined {
  const stat = attempt(path, "read", () => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
  if (!stat) return undefined;
  const shown = printable(path);
  if (stat.isSymbolicLink()) {
    const problem = `${shown} is a symbolic link, which pre-pair does not follow`;
    throw new PrePairError(problem, "replace the link by its target");
  }
  if (!(kind === "a folder" ? stat.isDirectory() : stat.isFile())) {
    throw new PrePairError(`${shown} is not ${kind}`, "move it away");
  }
  const own = process.geteuid?.();
  if (own !== undefined && Number(stat.uid) !== own) {
    const problem = `${shown} belongs to user ${stat.uid}, not to user ${own}`;
    throw new PrePairError(problem, "give the whole state directory to one user (chown)");
  }
  return stat;
}

/** Returns true if the file is still the one that was read, or still does not exist. */
export function isUnchanged({ path, found }: StateFile): boolean {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && found ? stamp(stat) === stamp(found.stat) : stat === found;
}

// The path may have become a link or a FIFO since lstat(2): do not follow the one, nor wait for the other.
function readWithoutFollowing(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

// Unlike mtime, ctime cannot be set back.
function stamp({ dev, ino, size, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, ctimeNs].join(" ");
}
