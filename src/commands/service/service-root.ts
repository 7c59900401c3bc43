import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { basename, dirname, join, relative } from "node:path";

/** A change of one file, link or folder. `path` is absolute, as the service sees it: below the root of an image. */
export type FileOperation = { readonly path: string } & (
  | { readonly kind: "write"; readonly mode: number; readonly content: string | Buffer }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "remove" }
  /** Fails if the folder is not empty. */
  | { readonly kind: "remove-folder" }
);

/**
 * The file system that the service is installed into: `/`, or the folder of an image. Every method throws system
 * errors, and refuses a path that a link leads out of the root.
 */
export class ServiceRoot {
  readonly #given: string;
  readonly #root: string;

  /** @param root absolute path of a folder that exists */
  constructor(root: string) {
    this.#given = root;
    this.#root = fs.realpathSync(root);
  }

  /** Returns the path outside of the root, for messages. */
  shown(path: string): string {
    return join(this.#given, path);
  }

  /** Returns true if the path exists; a broken link does. */
  has(path: string): boolean {
    return exists(this.#locate(path));
  }

  /** Returns the text of a file, or undefined if it does not exist. */
  read(path: string): string | undefined {
    const real = this.#follow(path);
    return real === undefined ? undefined : fs.readFileSync(real, "utf8");
  }

  /** Returns the permission bits, or undefined if the path does not exist. */
  mode(path: string): number | undefined {
    const real = this.#follow(path);
    return real === undefined ? undefined : fs.statSync(real).mode & 0o777;
  }

  /** Returns the names in a folder; none if it does not exist. */
  names(path: string): readonly string[] {
    const real = this.#follow(path);
    return real === undefined ? [] : fs.readdirSync(real);
  }

  /** Returns the operations that would change something. */
  pending(operations: readonly FileOperation[]): FileOperation[] {
    return operations.filter((operation) => {
      const path = this.#locate(operation.path);
      const found = fs.lstatSync(path, { throwIfNoEntry: false });
      if (operation.kind === "link") {
        return !found?.isSymbolicLink() || fs.readlinkSync(path) !== operation.target;
      }
      if (operation.kind !== "write") return found !== undefined;
      if (!found?.isFile() || (found.mode & 0o7777) !== operation.mode) return true;
      return !fs.readFileSync(path).equals(Buffer.from(operation.content));
    });
  }

  /** Performs the operation. A write or link is atomic, and creates the folders above it. */
  apply(operation: FileOperation): void {
    const path = this.#locate(operation.path);
    if (operation.kind === "remove") return fs.rmSync(path, { force: true });
    if (operation.kind === "remove-folder") return fs.rmdirSync(path);
    const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
    fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    try {
      if (operation.kind === "link") fs.symlinkSync(operation.target, temporary);
      else {
        fs.writeFileSync(temporary, operation.content, { mode: operation.mode, flag: "wx" });
        // The umask may have cleared bits.
        fs.chmodSync(temporary, operation.mode);
      }
      fs.renameSync(temporary, path);
    } finally {
      fs.rmSync(temporary, { force: true });
    }
  }

  #follow(path: string): string | undefined {
    const located = this.#locate(path);
    return fs.existsSync(located) ? this.#inside(path, fs.realpathSync(located)) : undefined;
  }

  #locate(path: string): string {
    const located = join(this.#root, path);
    let folder = dirname(located);
    while (!exists(folder)) folder = dirname(folder);
    this.#inside(path, fs.realpathSync(folder));
    return located;
  }

  /** What is meant for the image must not be written to the machine that builds it. */
  #inside(path: string, real: string): string {
    const way = relative(this.#root, real);
    if (way !== ".." && !way.startsWith("../")) return real;
    throw new Error(`${path}: a link in ${this.#root} leads out of it, to ${real}; use a relative link`);
  }
}

function exists(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
