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
import { ServiceRoot, type FileOperation } from "../../src/commands/service/service-root.ts";

const FILE = { kind: "write", path: "/etc/shim/file", mode: 0o600, content: "text" } as const;

let folder: string;
let root: ServiceRoot;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-shim-root-")));
  mkdirSync(join(folder, "image"));
  root = new ServiceRoot(join(folder, "image"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function isDone(operation: FileOperation): boolean {
  return root.pending([operation]).length === 0;
}

describe("the file system of an image", () => {
  it("gets files with exactly the mode of the operation", () => {
    const umask = process.umask(0o077);
    root.apply({ ...FILE, mode: 0o755 });
    process.umask(umask);
    expect(statSync(join(folder, "image/etc/shim/file")).mode & 0o777).toBe(0o755);
    expect(isDone({ ...FILE, mode: 0o755 })).toBe(true);
    expect(isDone(FILE)).toBe(false);
    root.apply(FILE);
    expect(statSync(join(folder, "image/etc/shim/file")).mode & 0o777).toBe(0o600);
  });

  it("replaces a link by the file, and keeps the link's target", () => {
    mkdirSync(join(folder, "image/etc/shim"), { recursive: true });
    writeFileSync(join(folder, "image/other"), "other");
    symlinkSync("../../other", join(folder, "image/etc/shim/file"));
    expect(isDone(FILE)).toBe(false);
    root.apply(FILE);
    expect(readFileSync(join(folder, "image/other"), "utf8")).toBe("other");
    expect(root.read(FILE.path)).toBe("text");
  });

  it("follows links that stay inside", () => {
    mkdirSync(join(folder, "image/usr/etc"), { recursive: true });
    symlinkSync("usr/etc", join(folder, "image/etc"));
    root.apply(FILE);
    expect(readFileSync(join(folder, "image/usr/etc/shim/file"), "utf8")).toBe("text");
  });

  it.each([
    ["a folder outside", "outside", "leads out of it"],
    ["nothing", "nowhere", "ENOENT"],
  ])("refuses a link that leads out of it, to %s", (_what, name, why) => {
    mkdirSync(join(folder, "outside"));
    symlinkSync(join(folder, name), join(folder, "image/etc"));
    expect(() => root.apply(FILE)).toThrow(why);
    expect(() => root.apply({ kind: "link", path: FILE.path, target: "target" })).toThrow(why);
    expect(existsSync(join(folder, name, "shim"))).toBe(false);
  });

  it("does not follow a link out of it to read a file", () => {
    mkdirSync(join(folder, "image/etc/shim"), { recursive: true });
    writeFileSync(join(folder, "secret"), "secret");
    symlinkSync(join(folder, "secret"), join(folder, "image/etc/shim/file"));
    expect(() => root.read(FILE.path)).toThrow("leads out of it");
  });

  it("keeps a folder that holds another file", () => {
    root.apply(FILE);
    root.apply({ ...FILE, path: "/etc/shim/other" });
    root.apply({ kind: "remove", path: FILE.path });
    expect(() => root.apply({ kind: "remove-folder", path: "/etc/shim" })).toThrow("ENOTEMPTY");
    root.apply({ kind: "remove", path: "/etc/shim/other" });
    root.apply({ kind: "remove-folder", path: "/etc/shim" });
    expect(existsSync(join(folder, "image/etc/shim"))).toBe(false);
  });
});
