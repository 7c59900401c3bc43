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
import { Root } from "../../src/commands/service/root.ts";

const FILE = { path: "/etc/shim/file", mode: 0o600, content: "text" };

let folder: string;
let root: Root;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-shim-root-")));
  mkdirSync(join(folder, "image"));
  root = new Root(join(folder, "image"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the file system of an image", () => {
  it("gets files with just the mode they should have", () => {
    const umask = process.umask(0o077);
    root.write({ ...FILE, mode: 0o755 });
    process.umask(umask);
    expect(statSync(join(folder, "image/etc/shim/file")).mode & 0o777).toBe(0o755);
    expect(root.holds({ ...FILE, mode: 0o755 })).toBe(true);
    expect(root.holds(FILE)).toBe(false);
    root.write(FILE);
    expect(statSync(join(folder, "image/etc/shim/file")).mode & 0o777).toBe(0o600);
  });

  it("replaces a link by the file, and leaves what it led to", () => {
    mkdirSync(join(folder, "image/etc/shim"), { recursive: true });
    writeFileSync(join(folder, "image/other"), "other");
    symlinkSync("../../other", join(folder, "image/etc/shim/file"));
    expect(root.holds(FILE)).toBe(false);
    root.write(FILE);
    expect(readFileSync(join(folder, "image/other"), "utf8")).toBe("other");
    expect(root.read(FILE.path)).toBe("text");
  });

  it("follows links that stay inside", () => {
    mkdirSync(join(folder, "image/usr/etc"), { recursive: true });
    symlinkSync("usr/etc", join(folder, "image/etc"));
    root.write(FILE);
    expect(readFileSync(join(folder, "image/usr/etc/shim/file"), "utf8")).toBe("text");
  });

  it.each([
    ["a folder outside", "outside", "leads out of it"],
    ["nothing", "nowhere", "ENOENT"],
  ])("refuses a link that leads out of it, to %s", (_what, name, why) => {
    mkdirSync(join(folder, "outside"));
    symlinkSync(join(folder, name), join(folder, "image/etc"));
    expect(() => root.write(FILE)).toThrow(why);
    expect(() => root.link(FILE.path, "target")).toThrow(why);
    expect(existsSync(join(folder, name, "shim"))).toBe(false);
  });

  it("does not read through a link what is outside", () => {
    mkdirSync(join(folder, "image/etc/shim"), { recursive: true });
    writeFileSync(join(folder, "secret"), "secret");
    symlinkSync(join(folder, "secret"), join(folder, "image/etc/shim/file"));
    expect(() => root.read(FILE.path)).toThrow("leads out of it");
  });

  it("keeps a folder in which something else is", () => {
    root.write(FILE);
    root.write({ ...FILE, path: "/etc/shim/other" });
    root.remove(FILE.path);
    expect(root.removeEmpty("/etc/shim")).toBe(true);
    root.remove("/etc/shim/other");
    expect(root.removeEmpty("/etc/shim")).toBe(false);
    expect(existsSync(join(folder, "image/etc/shim"))).toBe(false);
  });
});
