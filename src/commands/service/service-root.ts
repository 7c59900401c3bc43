import fs from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { freshId } from "../../net/fresh-id.ts";

// A root is `/`, or the folder of an image; on Windows it is empty, as each path has its drive. Every function throws system errors, and refuses a path that a link leads
// out of the root: what is meant for an image must not be written to the machine that builds it.

/** A change of one file, link or folder. `path` is absolute, as the service sees it: below the root. */
export type FileOperation = { readonly path: string } & (
  | {
      readonly kind: "write";
      readonly mode: number;
      readonly content: string | Buffer;
      /** Of text; `utf16le` with a byte order mark. Default: UTF-8. */
      readonly encoding?: "utf16le";
    }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "remove" }
  /** Keeps a folder that is not empty. */
  | { readonly kind: "remove-folder" }
);

const DONE = { write: "wrote", link: "linked", remove: "removed", "remove-folder": "removed" } as const;

/** Returns true if the path exists; a broken link does. */
export function exists(root: string, path: string): boolean {
  return lstat(locate(root, path)) !== undefined;
}

/** Returns where a path is, without links; undefined if it does not exist. */
export function follow(root: string, path: string): string | undefined {
  const located = locate(root, path);
  return fs.existsSync(located) ? inside(root, located) : undefined;
}

/** Returns the text of a file, or undefined if it does not exist. */
export function readText(root: string, path: string): string | undefined {
  const real = follow(root, path);
  if (real === undefined) return undefined;
  if (fs.statSync(real).isDirectory()) throw new Error(`${real} is a folder`);
  return fs.readFileSync(real, "utf8");
}

/**
 * Returns the operations that would change something.
 *
 * @throws Error if one cannot be performed, so that the first is performed only if all can be
 */
export function pending<T extends FileOperation>(root: string, operations: readonly T[]): T[] {
  return operations.filter((operation: FileOperation) => {
    const path = locate(root, operation.path);
    const found = lstat(path);
    if (found?.isDirectory() && operation.kind !== "remove-folder") throw new Error(`${path} is a folder`);
    if (operation.kind === "link")
      return !found?.isSymbolicLink() || fs.readlinkSync(path) !== operation.target;
    if (operation.kind !== "write") return found !== undefined;
    // On Windows every file has the mode 0666.
    const sameMode = process.platform === "win32" || ((found?.mode ?? 0) & 0o7777) === operation.mode;
    return !found?.isFile() || !sameMode || !fs.readFileSync(path).equals(bytesOf(operation));
  });
}

/** Performs the operation and returns what happened. A write or link is atomic, and creates the folders above it. */
export function apply(root: string, operation: FileOperation): "wrote" | "linked" | "removed" | "kept" {
  const path = locate(root, operation.path);
  if (operation.kind === "remove-folder" && fs.readdirSync(path).length > 0) return "kept";
  if (operation.kind === "remove-folder") fs.rmdirSync(path);
  else if (operation.kind === "remove") fs.rmSync(path, { force: true });
  else replace(path, operation);
  return DONE[operation.kind];
}

function bytesOf({ content, encoding }: Extract<FileOperation, { kind: "write" }>): Buffer {
  return typeof content === "string" && encoding
    ? Buffer.from(`\uFEFF${content}`, encoding)
    : Buffer.from(content);
}

function replace(path: string, operation: Extract<FileOperation, { kind: "write" | "link" }>): void {
  const temporary = join(dirname(path), `.${basename(path)}.${freshId()}`);
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  try {
    if (operation.kind === "link") fs.symlinkSync(operation.target, temporary);
    else fs.writeFileSync(temporary, bytesOf(operation), { mode: operation.mode, flag: "wx" });
    // The umask may have cleared bits.
    if (operation.kind === "write") fs.chmodSync(temporary, operation.mode);
    fs.renameSync(temporary, path);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

function locate(root: string, path: string): string {
  const located = join(root, path);
  let folder = dirname(located);
  while (!lstat(folder)) folder = dirname(folder);
  if (!fs.statSync(inside(root, folder)).isDirectory()) throw new Error(`${folder} is not a folder`);
  return located;
}

function inside(root: string, located: string): string {
  const real = fs.realpathSync(located);
  if (root === "" || !/^\.\.(\/|$)/.test(relative(fs.realpathSync(root), real))) return real;
  throw new Error(`${located} leads out of ${root}, to ${real}; use a relative link`);
}

function lstat(path: string): fs.Stats | undefined {
  return fs.lstatSync(path, { throwIfNoEntry: false });
}
