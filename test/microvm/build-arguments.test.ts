import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { installTools } from "./debian-package.ts";

const RECIPES = join(import.meta.dirname, "..", "..", "microvm");

// A missing tool would be one more problem.
beforeAll(() => installTools({ "/usr/bin/cpio": "cpio" }));

/** Runs a recipe in a folder with a bundle. Returns its exit code, stderr and the files in the folder. */
function build(
  recipe: string,
  ...args: readonly string[]
): { readonly code: number | null; readonly stderr: readonly string[]; readonly files: readonly string[] } {
  const cwd = mkdtempSync(join(tmpdir(), "openclaw-shim-arguments-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, "shim.mjs"), "");
  const script = join(RECIPES, recipe, "build");
  const { status, stderr } = spawnSync(script, args, { cwd, encoding: "utf8", timeout: 10_000 });
  const lines = stderr.trim().split("\n");
  return {
    code: status,
    stderr: lines.map((line) => line.replace(`${script}: `, "")),
    files: readdirSync(cwd),
  };
}

describe.each([
  ["debian", "BUNDLE NODE OUT.ext4 [ROOT]"],
  ["initramfs", "BUNDLE NODE BUSYBOX OUT.cpio.gz"],
])("%s/build", (recipe, usage) => {
  it.each([[[]], [["one"]], [["1", "2", "3", "4", "5"]]])("prints its usage for %j", (args) => {
    const { code, stderr } = build(recipe, ...args);
    expect(code).toBe(2);
    expect(stderr).toEqual([`usage: ${join(RECIPES, recipe, "build")} ${usage}`]);
  });
});

describe("all problems are printed before any file is written", () => {
  it("for the Debian image", () => {
    expect(build("debian", "none.mjs", "/nope/node", "nodir/out.ext4", "none")).toEqual({
      code: 2,
      stderr: [
        "BUNDLE: none.mjs is not a file that can be read",
        "NODE: /nope/node is not a program that can be run",
        "OUT.ext4: nodir/out.ext4 cannot be made; name a file in a folder that can be written to",
        "ROOT: none is not a folder that can be written to",
      ],
      files: ["shim.mjs"],
    });
  });

  it("for the initramfs", () => {
    expect(build("initramfs", "none.mjs", "/nope/node", "/nope/busybox", "nodir/out.gz")).toEqual({
      code: 2,
      stderr: [
        "BUNDLE: none.mjs is not a file that can be read",
        "NODE: /nope/node is not a program that can be run",
        "BUSYBOX: /nope/busybox is not a program that can be run",
        "OUT.cpio.gz: nodir/out.gz cannot be made; name a file in a folder that can be written to",
      ],
      files: ["shim.mjs"],
    });
  });

  it("for a busybox with shared libraries, which are not in the image", () => {
    expect(build("initramfs", "shim.mjs", process.execPath, "/bin/ls", "out.gz")).toEqual({
      code: 2,
      stderr: ["BUSYBOX: /bin/ls is not static; Debian's package busybox-static has one, as /bin/busybox"],
      files: ["shim.mjs"],
    });
  });
});
