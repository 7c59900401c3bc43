import type { Command } from "../cli/command.ts";
import { flagName, type FlagTable } from "../settings/setting-row.ts";
import { SETTINGS } from "../settings/settings.ts";

const SETTINGS_TITLE = "Settings (+ may be repeated; DURATION is 500ms, 10s or 2m, at most 10m):";

/** Returns what `--help` prints: every command and every setting, at most 100 columns wide. */
export function helpText(commands: readonly Command[]): string {
  return `${[
    "Usage: openclaw-shim [COMMAND] [--SETTING VALUE]...",
    "",
    "Makes OpenClaw's gateway see a local client again, and says why when it does not.",
    "",
    ...commands.map(({ name, summary }) => line(name, summary)),
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
export function commandHelp(command: Command): string {
  const { name, summary, flags, detail, operands = [], example, withoutSettings, exit } = command;
  const own = flagLines(flags);
  const forms = [
    own.length === 0 ? [] : "[--FLAG]...",
    withoutSettings ? [] : "[--SETTING VALUE]...",
    operands,
  ];
  return `${[
    ["Usage: openclaw-shim", name, ...forms.flat()].join(" "),
    "",
    `${name}: ${summary}.`,
    ...detail,
    ...(own.length === 0 ? [] : ["", "Flags (+ may be repeated):", ...own]),
    ...(withoutSettings ? [] : ["", SETTINGS_TITLE, ...flagLines(SETTINGS)]),
    ...(example === undefined ? [] : ["", "For example:", `  ${example}`]),
    "",
    `Exit: ${exit ?? "0 all well, 1 failed, 2 bad settings"}.`,
  ].join("\n")}\n`;
}

function flagLines(table: FlagTable): string[] {
  return Object.entries(table).map(([key, { metavar, repeatable, help, default: texts, defaultNote }]) => {
    const left = [`--${flagName(key)}`, metavar, repeatable && "+"].filter(Boolean).join(" ");
    const note = defaultNote ?? texts?.join(", ");
    return line(left, note === undefined ? help : `${help} [${note}]`);
  });
}

function line(left: string, right: string): string {
  return `  ${left.padEnd(33)} ${right}`;
}
