import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/commands/table.ts";
import { flagName } from "../../src/settings/names.ts";
import { SETTING_ROWS } from "../../src/settings/table.ts";

const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

describe("the README", () => {
  it("has a row for every setting, and for no other flag", () => {
    const rows = [...readme.matchAll(/^\| `--([a-z-]+)/gm)].map(([, flag]) => flag);
    expect(rows).toHaveLength(SETTING_ROWS.length);
    expect(new Set(rows)).toEqual(new Set(SETTING_ROWS.map(([key]) => flagName(key))));
  });

  it("names every command", () => {
    for (const { name } of COMMANDS) expect(readme).toContain(`openclaw-shim ${name}`);
  });
});
