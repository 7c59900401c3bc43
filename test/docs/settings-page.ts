import { COMMANDS } from "../../src/commands/command-table.ts";
import { environmentName, flagName } from "../../src/settings/setting-row.ts";
import type { SettingRow } from "../../src/settings/setting-row.ts";
import { LISTS, NOTES, PROBLEMS, SOURCES, TOKENS } from "../../scripts/settings-text.ts";
import { SETTING_ROWS } from "../../src/settings/settings.ts";
import { code, table } from "./markdown.ts";

/** Returns the table of commands, as the README shows it. */
export function commandTable(): string {
  return table(
    ["command", "does"],
    COMMANDS.map(({ name, summary }) => [code(`openclaw-shim ${name}`), summary]),
  );
}

/** Returns docs/settings.md. */
export function settingsPage(): string {
  return `# Settings

Written by \`npm run docs\` from the tables that the program itself uses (src/settings/settings.ts,
src/cli/command.ts); a test fails if they differ.

A setting comes from the first of these sources that has it:

${SOURCES.map((source, at) => `${at + 1}. ${source}\n`).join("")}
${LISTS}

${PROBLEMS}

## All settings

${settingTable()}
\`doctor\`, \`pre-pair\`, \`install\` and \`env\` take these settings, too. \`install\` writes them into the service's
environment file.

${TOKENS}

## Flags of single commands

${commandFlagTable()}`;
}

function settingTable(): string {
  const rows = SETTING_ROWS.map(([key, row]) => [
    form(key, row),
    code(environmentName(key)),
    defaultOf(row),
    [row.help, NOTES[key]].filter((part) => part !== undefined).join("; "),
  ]);
  return table(["flag", "environment variable", "default", "meaning"], rows);
}

function commandFlagTable(): string {
  const rows = COMMANDS.flatMap(({ name, flags }) =>
    Object.entries(flags).map(([key, row]) => [code(name), form(key, row), defaultOf(row), row.help]),
  );
  return table(["command", "flag", "default", "meaning"], rows);
}

function form(key: string, { metavar, repeatable }: SettingRow): string {
  const flag = `--${flagName(key)}${metavar === undefined ? "" : ` ${metavar}`}`;
  return code(flag) + (repeatable ? " (repeatable)" : "");
}

function defaultOf(row: SettingRow): string {
  const { default: texts = [], defaultNote = texts.map(code).join(", ") } = row;
  return defaultNote || (row.metavar === undefined ? "off" : "–");
}
