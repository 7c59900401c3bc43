import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { manPage } from "../../scripts/man-page.ts";
import { COMMANDS } from "../../src/commands/command-table.ts";
import { flagName } from "../../src/settings/setting-row.ts";
import { SETTINGS } from "../../src/settings/settings.ts";

/** Returns what a program prints for the page. */
function read(program: string, ...args: readonly string[]) {
  const { stdout, stderr, error } = spawnSync(program, args, { input: manPage(), encoding: "utf8" });
  if (error) throw error;
  return { stdout, stderr };
}

/** CI installs both. */
function isUsable(program: string): boolean {
  return spawnSync(program, ["-v"]).error === undefined || process.env["CI"] !== undefined;
}

describe("the manual page", () => {
  it.runIf(isUsable("mandoc"))("has no findings of mandoc, except that it has no date", () => {
    const { stdout } = read("mandoc", "-T", "lint");
    expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(/missing date, using "": TH$/)]);
  });

  it.runIf(isUsable("groff"))("has every command and flag, and no warnings of groff", () => {
    const { stdout: text, stderr } = read("groff", "-ww", "-man", "-Tutf8", "-P-cbou");
    expect(stderr).toBe("");
    const flags = COMMANDS.flatMap((command) => Object.keys(command.flags));
    for (const key of [...flags, ...Object.keys(SETTINGS)])
      expect(text).toMatch(new RegExp(`^ +--${flagName(key)}( |$)`, "m"));
    for (const { name, example = "" } of COMMANDS) {
      expect(text).toMatch(new RegExp(`^ +${name}( |$)`, "m"));
      expect(text).toContain(example);
    }
  });
});
