import { describe, expect, it } from "vitest";
import { findCommand } from "../../src/commands/find.ts";
import { helpText } from "../../src/commands/help.ts";
import { COMMANDS } from "../../src/commands/table.ts";
import { flagName } from "../../src/settings/names.ts";
import { SETTING_ROWS } from "../../src/settings/table.ts";

describe("--help", () => {
  const lines = helpText().trimEnd().split("\n");

  it("fits a screen", () => {
    expect(lines.length).toBeLessThanOrEqual(45);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });

  it("has a line for every setting and every command", () => {
    for (const [key] of SETTING_ROWS) {
      expect(lines.filter((line) => line.startsWith(`  --${flagName(key)} `))).toHaveLength(1);
    }
    for (const { name } of COMMANDS) {
      expect(lines.filter((line) => line.startsWith(`  ${name} `))).toHaveLength(1);
    }
  });

  it.each([["--help"], ["-h"], ["run", "--hold", "--help"], ["env", "-h"]])(
    "is what %s %s asks for",
    (...argv) => {
      expect(findCommand(argv)).toEqual({ text: helpText() });
    },
  );
});

describe("a command line", () => {
  it("means run where it names no command", () => {
    expect(findCommand([])).toMatchObject({ command: { name: "run" }, args: [] });
    expect(findCommand(["--hold", "1s"])).toMatchObject({ command: { name: "run" }, args: ["--hold", "1s"] });
    expect(findCommand(["env", "--json"])).toMatchObject({ command: { name: "env" }, args: ["--json"] });
  });

  it.each(COMMANDS.map(({ name, load }) => [name, load] as const))("%s can be loaded", async (_, load) => {
    expect(await load()).toBeTypeOf("function");
  });
});
