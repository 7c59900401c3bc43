import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { printable } from "../../text/printable.ts";
import { errorCode, PrepairError } from "./error.ts";
import { isUnchanged } from "./state-file.ts";
import type { StateFile } from "./state-file.ts";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** A file and what it is to hold. */
export interface Change {
  readonly file: StateFile;
  readonly text: string;
}

/**
 * Writes the changes: every new text goes, synced, into a temporary file beside its target before the first target is
 * replaced (rename(2)), so that a full disk leaves all of them as they were. A crash between two renames leaves some of
 * the changes made, in their order, and no file half-written.
 *
 * @param folders made with mode 0700 where missing, the outer ones first
 * @throws PrepairError when something cannot be written, or a target was changed since it was read
 */
export function commit(folders: readonly string[], changes: readonly Change[]): void {
  const made: string[] = [];
  const temporary = new Map<Change, string>();
  let replaced = 0;
  try {
    for (const folder of folders) if (makeFolder(folder)) made.push(folder);
    for (const change of changes) {
      const path = temporaryPath(change.file.path);
      temporary.set(change, path);
      attempt(change.file.path, () => writeSynced(path, change));
    }
    const changed = changes.find(({ file }) => !isUnchanged(file));
    if (changed) {
      throw new PrepairError(
        `${printable(changed.file.path)} was just changed by another program; nothing was written: run prepair again`,
      );
    }
    for (const [change, path] of temporary) {
      attempt(change.file.path, () => renameSync(path, change.file.path));
      temporary.delete(change);
      replaced += 1;
    }
    for (const folder of new Set(changes.map(({ file }) => dirname(file.path)))) syncFolder(folder);
  } finally {
    for (const path of temporary.values()) rmSync(path, { force: true });
    if (replaced === 0) for (const folder of made.toReversed()) removeIfEmpty(folder);
  }
}

function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID({ disableEntropyCache: true })}.tmp`);
}

function makeFolder(folder: string): boolean {
  return attempt(folder, () => {
    try {
      mkdirSync(folder, { mode: FOLDER_MODE });
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  });
}

function writeSynced(path: string, { file, text }: Change): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  try {
    if (file.found) keepGroup(fd, file.found.gid);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

// Nobody but the owner may read the file, so a group that this user may not give away to is no reason to fail.
function keepGroup(fd: number, gid: number): void {
  const { uid, gid: own } = fstatSync(fd);
  if (own === gid) return;
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    if (errorCode(error) !== "EPERM") throw error;
  }
}

// A rename is on disk only when its folder is. Not every file system can sync one; the rename is done all the same.
function syncFolder(folder: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    fsyncSync(fd);
  } catch {
    return;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody uses it by now.
  }
}

const FIXES = new Map([
  ["ENOSPC", "; make room on that disk"],
  ["EDQUOT", "; make room in that user's quota"],
  ["EROFS", "; the file system is read-only: run prepair where it is writable, in the image's build"],
  ["EACCES", "; run prepair as the owner of the folder"],
  ["EPERM", "; run prepair as the owner of the folder"],
  ["ENOENT", "; make the folder that it is in first"],
  ["ENOTDIR", "; make the folder that it is in first"],
]);

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = errorCode(error);
    throw new PrepairError(`${printable(path)} cannot be written (${code})${FIXES.get(code) ?? ""}`, {
      cause: error,
    });
  }
}
