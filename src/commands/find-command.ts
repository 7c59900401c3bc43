import { SettingsError, shownValue } from "../settings/settings-error.ts";
import { closest } from "../text/closest.ts";
import { VERSION } from "../version.ts";
import type { Command } from "./command.ts";
import { commandHelp, helpText } from "./help.ts";
import { COMMANDS } from "./command-table.ts";

/** The command that is meant and what follows its name; or the text to print, for `--help` and `--version`. */
export type Found =
  | { readonly command: Command; readonly args: readonly string[] }
  | { readonly text: string };

/**
 * Finds what a command line asks for. One that starts with a flag, or is empty, means the first command.
 *
 * @param argv without node and the script
 * @throws SettingsError where there is no such command
 */
export function findCommand(argv: readonly string[]): Found {
  const [name, ...rest] = argv;
  if (name === "help" && rest.length <= 1) return { text: helpFor(rest[0]) };
  if (argv.includes("--help") || argv.includes("-h")) return { text: helpFor(name) };
  if (argv.includes("--version") || (argv.length === 1 && (name === "version" || name === "-v"))) {
    return { text: `${VERSION}\n` };
  }
  if (name === undefined || name.startsWith("-")) return { command: COMMANDS[0], args: argv };
  return { command: commandNamed(name), args: rest };
}

function helpFor(name: string | undefined): string {
  return name === undefined || name.startsWith("-") ? helpText() : commandHelp(commandNamed(name));
}

function commandNamed(name: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command) return command;
  const names = COMMANDS.map((candidate) => candidate.name);
  const close = closest(name, names);
  const fix = close ? `did you mean ${close}?` : `write one of ${names.join(", ")}`;
  throw new SettingsError({ setting: `"${shownValue(name)}"`, problem: "no such command", fix });
}
