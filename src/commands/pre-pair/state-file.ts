import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { printable } from "../../text/printable.ts";
import { errorCode, PrepairError } from "./error.ts";
import { parseJson } from "./json-text.ts";

// OpenClaw's own files are a few kilobytes.
const MAX_BYTES = 4 * 1024 * 1024;

/** One of OpenClaw's JSON files, as it was found. */
export interface StateFile {
  readonly path: string;
  /** What is there; undefined where there is no file. */
  readonly found:
    | {
        readonly text: string;
        readonly value: unknown;
        /** Permission bits. */
        readonly mode: number;
        readonly gid: number;
        /** Another one when somebody replaced or changed the file. */
        readonly stamp: string;
      }
    | undefined;
}

/**
 * Reads a file and notes what tells whether somebody changes it later.
 * @throws PrepairError when it is a symbolic link or no regular file, another user's, unreadable, too large or damaged
 */
export function readStateFile(path: string): StateFile {
  const shown = printable(path);
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO in its place must not hold us up.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return { path, found: undefined };
    if (code === "ELOOP") throw new PrepairError(symbolicLink(shown));
    throw new PrepairError(`${shown} cannot be read (${code}); run prepair as its owner`);
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) throw new PrepairError(`${shown} is not a regular file; move it away`);
    checkOwner(shown, stat);
    const bytes = readAll(fd, shown);
    const json = parseJson(bytes);
    if ("why" in json) {
      throw new PrepairError(`${shown} ${json.why}; mend it, or move it away if nothing in it is needed`);
    }
    const text = Buffer.from(bytes).toString("utf8");
    return {
      path,
      found: {
        text,
        value: json.value,
        mode: Number(stat.mode) & 0o777,
        gid: Number(stat.gid),
        stamp: stampOf(stat),
      },
    };
  } finally {
    closeSync(fd);
  }
}

/** Whether the file is still the one that was read, or still missing. */
export function isUnchanged({ path, found }: StateFile): boolean {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? found === undefined : stampOf(stat) === found?.stamp;
}

/**
 * Whether a folder is there.
 * @throws PrepairError when it is a symbolic link or no folder, or another user's
 */
export function checkFolder(path: string): boolean {
  const shown = printable(path);
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (stat.isSymbolicLink()) throw new PrepairError(symbolicLink(shown));
  if (!stat.isDirectory()) throw new PrepairError(`${shown} is not a folder; move it away`);
  checkOwner(shown, stat);
  return true;
}

function checkOwner(shown: string, { uid }: BigIntStats): void {
  const own = process.geteuid?.();
  if (own === undefined || Number(uid) === own) return;
  throw new PrepairError(
    `${shown} belongs to user ${uid}, not to user ${own}, whose the rest is; give all of it to one user (chown)`,
  );
}

function symbolicLink(shown: string): string {
  return `${shown} is a symbolic link, which prepair does not follow; put the real one in its place`;
}

function readAll(fd: number, shown: string): Uint8Array {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < buffer.length; length += read) {
    read = readSync(fd, buffer, length, buffer.length - length, null);
  }
  if (length > MAX_BYTES) {
    throw new PrepairError(`${shown} is larger than ${MAX_BYTES} bytes, so it is not what OpenClaw wrote`);
  }
  return buffer.subarray(0, length);
}

// ctime, unlike mtime, cannot be set back.
function stampOf({ dev, ino, size, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, ctimeNs].join(" ");
}
