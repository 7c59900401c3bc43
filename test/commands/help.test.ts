import { describe, expect, it } from "vitest";
import { commandHelp, helpText } from "../../src/commands/help.ts";
import { COMMANDS, findCommand } from "../../src/commands/command-table.ts";
import { flagName } from "../../src/settings/setting-row.ts";
import { VERSION } from "../../src/version.ts";
import { SETTING_ROWS, SETTINGS } from "../../src/settings/settings.ts";

describe("--help", () => {
  const lines = helpText(COMMANDS).trimEnd().split("\n");

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

  it.each([["--help"], ["-h"], ["--hold", "--help"]])("is what %s %s asks for", async (...argv) => {
    expect(await findCommand(argv)).toEqual({ text: helpText(COMMANDS) });
  });
});

describe.each(COMMANDS)("$name --help", (command) => {
  const lines = commandHelp(command).split("\n");

  it("is printed for --help or -h, whatever the other arguments are", async () => {
    for (const argv of [["--help"], ["-h"], ["--hold", "--help"]]) {
      expect(await findCommand([command.name, ...argv])).toEqual({ text: commandHelp(command) });
    }
  });

  it("lists settings only if the command takes them", () => {
    const text = lines.join("\n");
    expect(text.includes("[--SETTING VALUE]")).toBe(!command.withoutSettings);
    expect(text.includes("Settings (")).toBe(!command.withoutSettings);
  });

  it("has a line for every flag that the command takes, and fits a screen", () => {
    for (const key of Object.keys({ ...command.flags, ...(command.withoutSettings ? {} : SETTINGS) })) {
      expect(lines.filter((line) => line.startsWith(`  --${flagName(key)} `))).toHaveLength(1);
    }
    expect(lines.length).toBeLessThanOrEqual(45);
    expect(lines.filter((line) => line.length > 110)).toEqual([]);
  });
});

describe("a command line", () => {
  it("without a command means run", async () => {
    expect(await findCommand([])).toMatchObject({ command: { name: "run" }, args: [] });
    expect(await findCommand(["--hold", "1s"])).toMatchObject({
      command: { name: "run" },
      args: ["--hold", "1s"],
    });
    expect(await findCommand(["env", "--json"])).toMatchObject({
      command: { name: "env" },
      args: ["--json"],
    });
  });

  it.each([["help"], ["help", "--json"]])("%s %s means the main help", async (...argv) => {
    expect(await findCommand(argv)).toEqual({ text: helpText(COMMANDS) });
  });

  it("help COMMAND means COMMAND --help", async () => {
    expect(await findCommand(["help", "env"])).toEqual(await findCommand(["env", "--help"]));
  });

  it.each([["--version"], ["version"], ["-v"]])("%s means the version", async (word) => {
    expect(await findCommand([word])).toEqual({ text: `${VERSION}\n` });
  });

  it.each([[["bogus", "--help"]], [["help", "bogus"]], [["bogus"]]])(
    "%j is an unknown command",
    async (argv) => {
      await expect(findCommand(argv)).rejects.toThrow(/^"bogus": no such command; write one of run, /);
    },
  );

  it.each(COMMANDS.map(({ name, load }) => [name, load] as const))("%s can be loaded", async (_, load) => {
    expect(await load()).toBeTypeOf("function");
  });
});
