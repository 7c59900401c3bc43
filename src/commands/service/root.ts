import { randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";

/** A file that an installation consists of. */
export interface ServiceFile {
  /** Absolute, as the service sees it: below the root where that is an image. */
  readonly path: string;
  readonly mode: number;
  readonly content: string | Buffer;
}

/**
 * The file system that is installed into: `/`, or the folder that holds an image. Every method throws the system's
 * error, and refuses a path that a link in the image leads out of it.
 */
export class Root {
  readonly #root: string;
  readonly #given: string;

  /** @param root absolute, and there */
  constructor(root: string) {
    this.#given = root;
    this.#root = realpathSync(root);
  }

  /** A path as one finds it from here, for people. */
  shown(path: string): string {
    return join(this.#given, path);
  }

  /** The text of a file, undefined where there is none. */
  read(path: string): string | undefined {
    const place = this.#locate(path);
    if (!existsSync(place)) return undefined;
    return readFileSync(this.#inside(path, realpathSync(place)), "utf8");
  }

  /** The permission bits of a regular file, links followed; undefined where there is none. */
  mode(path: string): number | undefined {
    const place = this.#locate(path);
    if (!existsSync(place)) return undefined;
    const found = statSync(this.#inside(path, realpathSync(place)));
    return found.isFile() ? found.mode & 0o777 : undefined;
  }

  /** The names in a folder, none where there is no such folder. */
  names(path: string): readonly string[] {
    const place = this.#locate(path);
    return existsSync(place) ? readdirSync(this.#inside(path, realpathSync(place))) : [];
  }

  /** Whether something is there, be it a link that leads nowhere. */
  has(path: string): boolean {
    return isThere(this.#locate(path));
  }

  /** Whether a file is there, as it should be. */
  holds({ path, mode, content }: ServiceFile): boolean {
    const place = this.#locate(path);
    const found = lstatSync(place, { throwIfNoEntry: false });
    return (
      found?.isFile() === true &&
      (found.mode & 0o7777) === mode &&
      Buffer.from(content).equals(readFileSync(place))
    );
  }

  /** Writes a file and the folders above it. Whoever reads it gets the old one or the new one, never a part. */
  write({ path, mode, content }: ServiceFile): void {
    this.#replace(path, (temporary) => {
      writeFileSync(temporary, content, { mode, flag: "wx" });
      // The umask took bits away.
      chmodSync(temporary, mode);
    });
  }

  /** Whether a symbolic link is there and leads to `target`. */
  isLink(path: string, target: string): boolean {
    const place = this.#locate(path);
    return (
      lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(place) === target
    );
  }

  /** Makes a symbolic link and the folders above it. */
  link(path: string, target: string): void {
    this.#replace(path, (temporary) => symlinkSync(target, temporary));
  }

  /** Removes a file or link, if there is one. */
  remove(path: string): void {
    rmSync(this.#locate(path), { force: true });
  }

  /** Removes a folder with nothing in it. @returns whether something else is in it, so that it stays */
  removeEmpty(path: string): boolean {
    const place = this.#locate(path);
    if (!isThere(place)) return false;
    if (readdirSync(place).length > 0) return true;
    rmdirSync(place);
    return false;
  }

  #replace(path: string, make: (temporary: string) => void): void {
    const place = this.#locate(path);
    mkdirSync(dirname(place), { recursive: true, mode: 0o755 });
    const temporary = join(dirname(place), `.${basename(place)}.${randomUUID()}`);
    try {
      make(temporary);
      renameSync(temporary, place);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  #locate(path: string): string {
    const place = join(this.#root, path);
    let folder = dirname(place);
    while (!isThere(folder)) folder = dirname(folder);
    this.#inside(path, realpathSync(folder));
    return place;
  }

  /** What is meant for the image must not land on the machine that builds it. */
  #inside(path: string, real: string): string {
    const way = relative(this.#root, real);
    if (way !== ".." && !way.startsWith("../")) return real;
    throw new Error(`${path}: a link in ${this.#root} leads out of it, to ${real}; make it a relative one`);
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
