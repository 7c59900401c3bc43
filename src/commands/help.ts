import { flagName } from "../settings/names.ts";
import type { FlagTable, SettingRow } from "../settings/setting-row.ts";
import { SETTINGS } from "../settings/settings-table.ts";
import type { Command } from "../cli/command.ts";
import { COMMANDS } from "./command-table.ts";

const SETTINGS_TITLE = "Settings (+ may be repeated; DURATION is 500ms, 10s or 2m, at most 10m):";

/** Returns what `--help` prints: every command and every setting, at most 100 columns wide. */
export function helpText(): string {
  return `${[
    "Usage: openclaw-shim [COMMAND] [--SETTING VALUE]...",
    "",
    "Makes OpenClaw's gateway see a local client again, and says why when it does not.",
    "",
    ...COMMANDS.map(({ name, summary }) => line(name, summary)),
    line("COMMAND --help", "what the command does, and all its flags"),
    "",
    SETTINGS_TITLE,
    ...flagLines(SETTINGS),
    "",
    "--NAME > OPENCLAW_SHIM_NAME (commas in lists) > name in --config FILE > OpenClaw's config > default.",
    "Exit: 0 done or stopped by a signal, 1 failed, 2 bad settings.   --help, --version",
  ].join("\n")}\n`;
}

/** Returns what `COMMAND --help` prints: what the command does and every flag that it takes. */
export function commandHelp({ name, summary, flags, detail, example, withoutSettings }: Command): string {
  const own = flagLines(flags);
  const forms = [own.length === 0 ? [] : ["[--FLAG]..."], withoutSettings ? [] : ["[--SETTING VALUE]..."]];
  return `${[
    ["Usage: openclaw-shim", name, ...forms.flat()].join(" "),
    "",
    `${name}: ${summary}.`,
    ...detail,
    ...(own.length === 0 ? [] : ["", "Flags (+ may be repeated):", ...own]),
    ...(withoutSettings ? [] : ["", SETTINGS_TITLE, ...flagLines(SETTINGS)]),
    ...(example === undefined ? [] : ["", "For example:", `  ${example}`]),
    "",
    "Exit: 0 all well, 1 failed, 2 bad settings.",
  ].join("\n")}\n`;
}

function flagLines(table: FlagTable): string[] {
  return Object.entries(table).map(([key, row]) => {
    const value = row.metavar === undefined ? "" : ` ${row.metavar}`;
    return line(`--${flagName(key)}${value}${row.repeatable ? " +" : ""}`, row.help + defaultOf(row));
  });
}

function defaultOf({ default: texts, defaultNote = texts?.join(", ") }: SettingRow): string {
  return defaultNote === undefined ? "" : ` [${defaultNote}]`;
}

function line(left: string, right: string): string {
  return `  ${left.padEnd(33)} ${right}`;
}
