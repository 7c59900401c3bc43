import { parseEnv } from "node:util";
import { SettingsError } from "../../settings/settings-error.ts";

const HEADER = `# Settings of the openclaw-shim service: openclaw-shim --help lists them. Never put a token here.
# openclaw-shim install adds to this file, keeps what is in it, and makes the units fit; so after a change, run it.
`;

/** Needs no quotes, for systemd (systemd.exec(5), EnvironmentFile=) or Node's --env-file. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./[\]-]+$/;

/** The variables in an environment file. */
export function parseEnvironment(text: string): Readonly<Record<string, string | undefined>> {
  return parseEnv(text);
}

/**
 * An environment file with these variables set: a line that sets one of them already is replaced, all else is kept.
 *
 * @param before the file as it is, if there is one
 * @throws SettingsError for a value that a line of it cannot hold
 */
export function mergeEnvironment(before: string | undefined, values: ReadonlyMap<string, string>): string {
  const kept = (before ?? HEADER)
    .split("\n")
    .filter((line) => !values.has(/^\s*(?:export\s+)?(\w+)\s*=/.exec(line)?.[1] ?? ""));
  while (kept.at(-1) === "") kept.pop();
  const lines = [...values].map(([name, value]) => `${name}=${quotedFor(name, value)}`);
  return `${[...kept, ...lines].join("\n")}\n`;
}

/** Quoted so that systemd and Node read the same: neither expands a variable, only double quotes know escapes. */
function quotedFor(name: string, value: string): string {
  if (PLAIN.test(value)) return value;
  if (/\p{Cc}/u.test(value)) {
    throw new SettingsError([`${name}: holds a line break or another control character; write it without`]);
  }
  if (!value.includes("'")) return `'${value}'`;
  if (!/["\\]/.test(value)) return `"${value}"`;
  throw new SettingsError([
    `${name}: holds a single quote and one of " \\, which no environment file can; use a name without`,
  ]);
}
