// The manual page, made from the tables of commands and settings. scripts/build.mjs writes it to dist/openclaw-shim.1.
import type { Command } from "../src/cli/command.ts";
import { COMMANDS } from "../src/commands/command-table.ts";
import { environmentName, flagName, type FlagTable, type SettingRow } from "../src/settings/setting-row.ts";
import { SETTINGS } from "../src/settings/settings.ts";
import { VERSION } from "../src/version.ts";
import { LISTS, NOTES, PROBLEMS, SOURCES, TOKENS } from "./settings-text.ts";

/** Returns the page openclaw-shim(1), for man(7). */
export function manPage(): string {
  // Without a date: the same source gives the same bytes. Without hyphens: names are copied.
  return `.TH OPENCLAW-SHIM 1 "" "openclaw-shim ${VERSION}" "User Commands"
.nh
.SH NAME
openclaw-shim \\- make OpenClaw's gateway see a local client again
.SH SYNOPSIS
.B openclaw\\-shim
.RI [ command ]
.RI [ options ]
.SH DESCRIPTION
${roff(`A reverse proxy on 127.0.0.1 for OpenClaw's gateway. It deletes the headers that a proxy or a sandbox added, sets
\`Host\`, relays everything else as it came, and logs why a client was refused and what fixes it. Clients still need the
gateway's token.`)}
.PP
${roff("Without a command it is `openclaw-shim run`.")}
.SH COMMANDS
${COMMANDS.map(commandEntry).join("")}.SH SETTINGS
${roff(`${settingCommands()} take these settings.`)}
${flagEntries(SETTINGS, true)}.SS Sources
A setting comes from the first of these sources that has it:
${SOURCES.map((source, at) => `.IP ${at + 1}. 4\n${roff(source)}\n`).join("")}.PP
${[LISTS, PROBLEMS, TOKENS].map(roff).join("\n.PP\n")}
.SH EXIT STATUS
.TP
.B 0
done, or stopped by a signal
.TP
.B 1
failed
.TP
.B 2
bad settings
${COMMANDS.flatMap(({ name, exit }) => (exit === undefined ? [] : [`.TP\n\\fB${name}\\fP\n${roff(exit)}\n`])).join("")}.SH EXAMPLES
.nf
${COMMANDS.flatMap(({ example }) => (example === undefined ? [] : [`${escaped(example)}\n`])).join("")}.fi
`;
}

function commandEntry(command: Command): string {
  const { name, summary, detail, operands = "", flags, exit } = command;
  const text = [`${summary}.`, ...detail, ...(exit === undefined ? [] : [`Exit status: ${exit}.`])];
  return `.SS ${escaped(`\`${name}\`${operands && ` ${operands}`}`)}
${roff(capitalized(text.join(" ")))}
${flagEntries(flags, false)}`;
}

function flagEntries(table: FlagTable, isSettings: boolean): string {
  return Object.entries<SettingRow>(table)
    .map(([key, row]) => {
      const { metavar, repeatable, help, default: texts = [], defaultNote = texts.join(", ") } = row;
      const value = metavar === undefined ? "" : ` \\fI${escaped(metavar)}\\fP`;
      const notes = [
        [help, isSettings ? NOTES[key] : undefined].filter((part) => part !== undefined).join("; "),
        ...(repeatable ? ["may be repeated"] : []),
        ...(defaultNote === "" ? [] : [`default: ${defaultNote}`]),
        ...(isSettings ? [`environment: \`${environmentName(key)}\``] : []),
      ];
      return `.TP\n${escaped(`\`--${flagName(key)}\``)}${value}\n${roff(capitalized(notes.join(". ")))}.\n`;
    })
    .join("");
}

function settingCommands(): string {
  const names = COMMANDS.filter((command) => !command.withoutSettings).map(({ name }) => `\`${name}\``);
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function capitalized(text: string): string {
  return text.replace(/(?:^|(?<=\. ))[a-z]/g, (letter) => letter.toUpperCase());
}

/** Returns a text as roff input: one sentence a line, and lines of at most 80 characters. */
function roff(text: string): string {
  const lines = text.replaceAll("\n", " ").replaceAll(". ", ".\n");
  return escaped(lines.replace(/(.{48,64}) (?=.{5})/g, "$1\n"));
}

/** Escapes a text for roff; `code` becomes bold. */
function escaped(text: string): string {
  return text
    .replace(/[\\-]/g, (char) => (char === "-" ? "\\-" : "\\e"))
    .replaceAll("'", "\\(aq")
    .replace(/^\./gm, "\\&.")
    .replace(/`([^`]*)`/g, "\\fB$1\\fP");
}
