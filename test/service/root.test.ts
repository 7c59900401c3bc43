import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { apply, pending, readText, type FileOperation } from "../../src/commands/service/service-root.ts";

const FILE = { kind: "write", path: "/etc/shim/file", mode: 0o600, content: "text" } as const;

let folder: string;
let root: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-shim-root-")));
  mkdirSync(join(folder, "image"));
  root = join(folder, "image");
});
afterEach(() => rmSync(folder, { recursive: true }));

function isDone(operation: FileOperation): boolean {
  return pending(root, [operation]).length === 0;
}

describe("the file system of an image", () => {
  it("gets files with exactly the mode of the operation", () => {
    const umask = process.umask(0o077);
    apply(root, { ...FILE, mode: 0o755 });
    process.umask(umask);
    expect(statSync(join(folder, "image/etc/shim/file")).mode & 0o777).toBe(0o755);
    expect(isDone({ ...FILE, mode: 0o755 })).toBe(true);
    expect(isDone(FILE)).toBe(false);
    apply(root, FILE);
    expect(statSync(join(folder, "image/etc/shim/file")).mode & 0o777).toBe(0o600);
  });

  it("replaces a link by the file, and keeps the link's target", () => {
    mkdirSync(join(folder, "image/etc/shim"), { recursive: true });
    writeFileSync(join(folder, "image/other"), "other");
    symlinkSync("../../other", join(folder, "image/etc/shim/file"));
    expect(isDone(FILE)).toBe(false);
    apply(root, FILE);
    expect(readFileSync(join(folder, "image/other"), "utf8")).toBe("other");
    expect(readText(root, FILE.path)).toBe("text");
  });

  it("follows links that stay inside", () => {
    mkdirSync(join(folder, "image/usr/etc"), { recursive: true });
    symlinkSync("usr/etc", join(folder, "image/etc"));
    apply(root, FILE);
    expect(readFileSync(join(folder, "image/usr/etc/shim/file"), "utf8")).toBe("text");
  });

  it.each([
    ["a folder outside", "outside", "leads out of"],
    ["nothing", "nowhere", "ENOENT"],
  ])("refuses a link that leads out of, to %s", (_what, name, why) => {
    mkdirSync(join(folder, "outside"));
    symlinkSync(join(folder, name), join(folder, "image/etc"));
    expect(() => apply(root, FILE)).toThrow(why);
    expect(() => apply(root, { kind: "link", path: FILE.path, target: "target" })).toThrow(why);
    expect(existsSync(join(folder, name, "shim"))).toBe(false);
  });

  it("does not follow a link out of it to read a file", () => {
    mkdirSync(join(folder, "image/etc/shim"), { recursive: true });
    writeFileSync(join(folder, "secret"), "secret");
    symlinkSync(join(folder, "secret"), join(folder, "image/etc/shim/file"));
    expect(() => readText(root, FILE.path)).toThrow("leads out of");
  });

  it("keeps a folder that holds another file", () => {
    apply(root, FILE);
    apply(root, { ...FILE, path: "/etc/shim/other" });
    apply(root, { kind: "remove", path: FILE.path });
    expect(apply(root, { kind: "remove-folder", path: "/etc/shim" })).toBe("kept");
    expect(existsSync(join(folder, "image/etc/shim/other"))).toBe(true);
    apply(root, { kind: "remove", path: "/etc/shim/other" });
    expect(apply(root, { kind: "remove-folder", path: "/etc/shim" })).toBe("removed");
    expect(existsSync(join(folder, "image/etc/shim"))).toBe(false);
  });
});
