import { SettingsError, shownValue } from "../settings/settings-error.ts";
import { closest } from "../text/closest.ts";
import { VERSION } from "../version.ts";
import type { Command } from "../cli/command.ts";
import { commandHelp, helpText } from "./help.ts";
import { COMMANDS } from "./command-table.ts";

/** A command and its arguments; or the text to print, for `--help` and `--version`. */
export type Found =
  | { readonly command: Command; readonly args: readonly string[] }
  | { readonly text: string };

/**
 * Finds the command of a command line; the first one if it is empty or starts with a flag.
 *
 * @param argv without node and the script
 * @throws SettingsError if there is no such command
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
  const meant = closest(name, names);
  const fix = meant === undefined ? `write one of ${names.join(", ")}` : `did you mean ${meant}?`;
  throw new SettingsError({ setting: `"${shownValue(name)}"`, problem: "no such command", fix });
}
