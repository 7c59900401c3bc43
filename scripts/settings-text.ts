// What the manual page and docs/settings.md say about settings beyond the tables; Markdown, of which only `code` is used.
import type { SETTINGS } from "../src/settings/settings.ts";

/** What these pages add to a setting's line in `--help`. */
export const NOTES: Readonly<Record<string, string | undefined>> = {
  listen:
    "that is 127.0.0.1, and [::1] if the machine has it; an address beyond loopback needs `--allow-from`",
  gateway: "always with its port; loopback unless `--allow-remote-gateway`",
  allowFrom: "to the gateway they are local; a block of every address, `0.0.0.0/0` or `::/0`, is a warning",
  allowHost: "checked for browsers and HTTP clients",
  allowOrigin: "treated as the gateway's own",
  forwarded: "`private` strips them only if every address in them is private, `reject` refuses the request",
  tokenFile: "mode 0600",
} satisfies Partial<Record<keyof typeof SETTINGS, string>>;

/** The sources of a setting, in their order. */
export const SOURCES = [
  "its flag",
  "its environment variable; commas separate the items of a list",
  'the JSON5 file of `--config`; its keys are the flags without the dashes, such as `"max-connections": 64`',
  "OpenClaw's own config, for `gateway` only: `OPENCLAW_GATEWAY_PORT`, else `gateway.port`, and `gateway.tls.enabled`",
  "the default",
] as const;

export const LISTS = `Sources are not merged: a list replaces a list. A repeatable flag is given once for each item. A DURATION is \`500ms\`,
\`10s\` or \`2m\`, at most 10 minutes.`;

export const PROBLEMS = `A bad setting is one line on stderr: its name, its value and what is allowed. All bad settings are reported together, and
the exit code is 2 (125 of \`exec\`). A valid setting that probably has no effect, such as an unknown scope, is a warning: \`run\`
logs it (event \`setting.warning\`), other commands print it on stderr.
Exit code 1 means that the program could not start.`;

export const TOKENS = `A token is never a setting. \`doctor\` and \`--approve\` find it in \`--token-file\`, else in \`OPENCLAW_GATEWAY_TOKEN\`, else in
the systemd credential \`openclaw-gateway-token\`, else in OpenClaw's config.`;
