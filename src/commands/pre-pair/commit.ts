import {
  constants,
  fchownSync,
  fsyncSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { freshId } from "../../net/fresh-id.ts";
import { restrictToUser } from "../../openclaw/access-list.ts";
import { attempt, isUnchanged, optional, unfit, withOpen, type StateFile } from "./state-file.ts";

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_DIRECTORY } = constants;

/** A file and its new content. */
export interface Change {
  readonly file: StateFile;
  readonly text: string;
}

/**
 * Writes all changes or none. Every new text is written and synced to a temporary file beside its target before the
 * first target is replaced (rename(2)), so a full disk leaves all files unchanged. After a crash between two renames
 * the first of the changes are made, and no file is half-written.
 *
 * @param folders created with mode 0700 if missing, outer folders first
 * @throws PrePairError if a write fails, or a target was changed since it was read
 */
export function commit(folders: readonly string[], changes: readonly Change[]): void {
  const created: string[] = [];
  const temporary = new Map<Change, string>();
  try {
    for (const folder of folders) {
      const options = { recursive: true, mode: 0o700 } as const; // recursive: an existing folder is fine
      if (attempt(folder, "created", () => mkdirSync(folder, options)) !== undefined) created.push(folder);
    }
    for (const change of changes) {
      const { path } = change.file;
      const beside = join(dirname(path), `.${basename(path)}.${freshId()}.tmp`);
      temporary.set(change, beside);
      attempt(path, "written", () => writeNew(beside, change));
    }
    const changed = changes.find(({ file }) => !isUnchanged(file))?.file.path;
    if (changed !== undefined)
      throw unfit(changed, "was just changed by another program", "nothing was written: run pre-pair again");
    for (const [change, beside] of temporary) {
      attempt(change.file.path, "written", () => renameSync(beside, change.file.path));
      temporary.delete(change);
      created.length = 0; // these folders are in use now
    }
    // A rename survives a crash only after its folder is synced; not every file system can do that.
    for (const folder of new Set(changes.map(({ file }) => dirname(file.path))))
      optional(() => withOpen(folder, O_RDONLY | O_DIRECTORY, fsyncSync));
  } finally {
    for (const path of temporary.values()) rmSync(path, { force: true });
    for (const folder of created.toReversed()) optional(() => rmdirSync(folder)); // stays if it is not empty
  }
}

function writeNew(path: string, { file: { found }, text }: Change): void {
  withOpen(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, (fd) => {
    // A user who may not set that group loses nothing: only the owner can read the file.
    if (found) optional(() => fchownSync(fd, -1, Number(found.stat.gid)));
    restrictToUser(path);
    writeFileSync(fd, text);
    fsyncSync(fd);
  });
}
