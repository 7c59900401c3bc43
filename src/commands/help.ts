import { flagName } from "../settings/names.ts";
import { SETTING_ROWS, type Setting } from "../settings/settings-table.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./command-table.ts";

/** What `--help` prints: every command and every setting, at most 100 columns wide. */
export function helpText(): string {
  const commands = COMMANDS.map(({ name, summary }) => row(name, summary));
  const settings = SETTING_ROWS.map(([key, setting]) => {
    const value = setting.metavar === undefined ? "" : ` ${setting.metavar}`;
    return row(
      `--${flagName(key)}${value}${setting.repeatable ? " +" : ""}`,
      setting.help + defaultNote(setting),
    );
  });
  return `${[
    "Usage: openclaw-shim [COMMAND] [--SETTING VALUE]...",
    "",
    "Makes OpenClaw's gateway see a local client again, and says why when it does not.",
    "",
    ...commands,
    row("COMMAND --help", "what that does, and its own flags"),
    "",
    "Settings (+ may be repeated; DURATION is 500ms, 10s or 2m, at most 10m):",
    ...settings,
    "",
    "--NAME > OPENCLAW_SHIM_NAME (commas in lists) > name in --config FILE > OpenClaw's config > default.",
    "Exit: 0 done or stopped by a signal, 1 failed, 2 bad settings.   --help, --version",
  ].join("\n")}\n`;
}

/** What `COMMAND --help` prints. */
export function commandHelp({ name, summary, flags, detail, example, withoutSettings }: Command): string {
  const own = flags.map(({ name: flag, metavar, repeatable, help }) =>
    row(`--${flag}${metavar === undefined ? "" : ` ${metavar}`}${repeatable ? " +" : ""}`, help),
  );
  const forms = [
    ...(own.length === 0 ? [] : ["[--FLAG]..."]),
    ...(withoutSettings ? [] : ["[--SETTING VALUE]..."]),
  ];
  return `${[
    ["Usage: openclaw-shim", name, ...forms].join(" "),
    "",
    `${name}: ${summary}.`,
    ...detail,
    ...(own.length === 0 ? [] : ["", "Flags (+ may be repeated):", ...own]),
    ...(example === undefined ? [] : ["", "For example:", `  ${example}`]),
    "",
    `${withoutSettings ? "" : "Settings are those of openclaw-shim --help.   "}Exit: 0 all well, 1 failed, 2 bad settings.`,
  ].join("\n")}\n`;
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(33)} ${right}`;
}

function defaultNote({ metavar, default: texts, defaultNote: note }: Setting<unknown>): string {
  if (texts === undefined || metavar === undefined) return "";
  return ` [${note ?? texts.join(", ")}]`;
}
