import { flagName } from "../settings/names.ts";
import { SETTING_ROWS, type Setting } from "../settings/table.ts";
import { COMMANDS } from "./table.ts";

/** What `--help` prints: every command and every setting, at most 100 columns wide. */
export function helpText(): string {
  const commands = COMMANDS.flatMap(({ name, summary, flags }) =>
    [row(name, summary)].concat(flags.map((flag) => row(`  --${flag.name}`, flag.help))),
  );
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
    "",
    "Settings (+ may be repeated; DURATION is 500ms, 10s, 2m or 1h):",
    ...settings,
    "",
    "--NAME > OPENCLAW_SHIM_NAME (commas in lists) > name in --config FILE > OpenClaw's config > default.",
    "Exit: 0 done or stopped by a signal, 1 failed, 2 bad settings.   --help, --version",
  ].join("\n")}\n`;
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(33)} ${right}`;
}

function defaultNote({ metavar, default: texts, defaultNote: note }: Setting<unknown>): string {
  if (texts === undefined || metavar === undefined) return "";
  return ` [${note ?? texts.join(", ")}]`;
}
