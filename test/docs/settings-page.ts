import { COMMANDS } from "../../src/commands/command-table.ts";
import { environmentName, flagName } from "../../src/settings/setting-row.ts";
import type { SettingRow } from "../../src/settings/setting-row.ts";
import { SETTING_ROWS, type SETTINGS } from "../../src/settings/settings.ts";
import { code, table } from "./markdown.ts";

/** What the page adds to a setting's line in `--help`. */
const NOTES: Readonly<Record<string, string | undefined>> = {
  listen: "an address beyond loopback needs `--allow-from`",
  gateway: "always with its port; loopback unless `--allow-remote-gateway`",
  allowHost: "checked for browsers and HTTP clients",
  allowOrigin: "treated as the gateway's own",
  forwarded: "`private` strips them only if every address in them is private, `reject` refuses the request",
  tokenFile: "mode 0600",
} satisfies Partial<Record<keyof typeof SETTINGS, string>>;

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

1. its flag
2. its environment variable; commas separate the items of a list
3. the JSON5 file of \`--config\`; its keys are the flags without the dashes, such as \`"max-connections": 64\`
4. OpenClaw's own config, for \`gateway\` only: \`OPENCLAW_GATEWAY_PORT\`, else \`gateway.port\`, and \`gateway.tls.enabled\`
5. the default

Sources are not merged: a list replaces a list. A repeatable flag is given once for each item. A DURATION is \`500ms\`,
\`10s\` or \`2m\`, at most 10 minutes.

A bad setting is one line on stderr: its name, its value and what is allowed. All bad settings are reported together, and
the exit code is 2. A valid setting that probably has no effect, such as an unknown scope, is a \`warning:\` line.
Exit code 1 means that the program could not start.

## All settings

${settingTable()}
\`doctor\`, \`pre-pair\`, \`install\` and \`env\` take these settings, too. \`install\` writes them into the service's
environment file.

A token is never a setting. \`doctor\` and \`--approve\` find it in \`--token-file\`, else in \`OPENCLAW_GATEWAY_TOKEN\`, else in
the systemd credential \`openclaw-gateway-token\`, else in OpenClaw's config.

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
