import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const RECIPES = join(import.meta.dirname, "..", "..", "microvm");

/** Runs a recipe in a folder that holds a bundle, and says what it left there. */
function build(
  recipe: string,
  ...args: readonly string[]
): { readonly code: number | null; readonly said: readonly string[]; readonly left: readonly string[] } {
  const cwd = mkdtempSync(join(tmpdir(), "openclaw-shim-arguments-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, "shim.mjs"), "");
  const script = join(RECIPES, recipe, "build");
  const { status, stderr } = spawnSync(script, args, { cwd, encoding: "utf8", timeout: 10_000 });
  const said = stderr.trim().split("\n");
  return { code: status, said: said.map((line) => line.replace(`${script}: `, "")), left: readdirSync(cwd) };
}

describe.each([
  ["debian", "BUNDLE NODE OUT.ext4 [ROOT]"],
  ["initramfs", "BUNDLE NODE BUSYBOX OUT.cpio.gz"],
])("%s/build", (recipe, usage) => {
  it.each([[[]], [["one"]], [["1", "2", "3", "4", "5"]]])("says how it is used, for %j", (args) => {
    const { code, said } = build(recipe, ...args);
    expect(code).toBe(2);
    expect(said).toEqual([`usage: ${join(RECIPES, recipe, "build")} ${usage}`]);
  });
});

describe("what is wrong is said before anything is made", () => {
  it("for the Debian image", () => {
    expect(build("debian", "none.mjs", "/nope/node", "nodir/out.ext4", "none")).toEqual({
      code: 2,
      said: [
        "BUNDLE: none.mjs is not a file that can be read",
        "NODE: /nope/node is not a program that can be run",
        "OUT.ext4: nodir/out.ext4 cannot be made; name a file in a folder that can be written to",
        "ROOT: none is not a folder that can be written to",
      ],
      left: ["shim.mjs"],
    });
  });

  it("for the initramfs", () => {
    expect(build("initramfs", "none.mjs", "/nope/node", "/nope/busybox", "nodir/out.gz")).toEqual({
      code: 2,
      said: [
        "BUNDLE: none.mjs is not a file that can be read",
        "NODE: /nope/node is not a program that can be run",
        "BUSYBOX: /nope/busybox is not a program that can be run",
        "OUT.cpio.gz: nodir/out.gz cannot be made; name a file in a folder that can be written to",
      ],
      left: ["shim.mjs"],
    });
  });

  it("for a busybox that needs libraries, which are not in the image", () => {
    expect(build("initramfs", "shim.mjs", process.execPath, "/bin/ls", "out.gz")).toEqual({
      code: 2,
      said: ["BUSYBOX: /bin/ls is not static; Debian's package busybox-static has one, as /bin/busybox"],
      left: ["shim.mjs"],
    });
  });
});
