import type { Environment } from "../openclaw/config.ts";
import { closest } from "../text/closest.ts";
import { printable } from "../text/printable.ts";
import { environmentName, isOwnVariable, type Given, type SettingRow } from "./setting-row.ts";
import type { SettingProblem } from "./settings-error.ts";
import { SETTING_ROWS } from "./settings.ts";

/** What one source gives. A higher source replaces a setting as a whole; lists are not merged. */
export interface Layer {
  readonly given: ReadonlyMap<string, Given>;
  /** Problems of the source itself, such as an unknown name. */
  readonly problems: readonly SettingProblem[];
}

/** The names that a source knows. */
interface Names {
  /** The rows that the source may set. */
  readonly rows: typeof SETTING_ROWS;
  /** Returns how a user writes a key in this source. */
  readonly nameOf: (key: string) => string;
}

const SERVICE_LINK =
  /^OPENCLAW_SHIM(?:_[A-Z0-9]+)*_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9]+)*|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/** Words of OpenClaw's command line, and what to use here. */
const OPENCLAW_WORDS: ReadonlyMap<string, string> = new Map([
  ["port", "the shim's own port is --listen PORT, the gateway's is in --gateway ws://127.0.0.1:PORT"],
  ["url", "the gateway's URL is --gateway URL; doctor also takes --via URL, for one that tools use"],
  ["verbose", "write --log-level debug"],
  ["fix", "doctor changes nothing; run the commands that it prints"],
  ["user", "a service is the user's unless you give --system"],
]);
const LISTS = new Set(SETTING_ROWS.flatMap(([key, row]) => (row.repeatable ? [environmentName(key)] : [])));

/** Reads the `OPENCLAW_SHIM_*` variables; commas separate the items of a list. */
export function readEnvironment(env: Environment): Layer {
  const own = Object.entries(env)
    .filter(([name, value = ""]) => isOwnVariable(name) && !isLink(name, value))
    .map(([name, value]) => [name, LISTS.has(name) ? value?.split(",").map((item) => item.trim()) : value]);
  return readMembers(Object.fromEntries(own), { rows: SETTING_ROWS, nameOf: environmentName });
}

/**
 * Returns true for a variable that Kubernetes sets in every pod for a Service whose name begins with `openclaw-shim`
 * (`enableServiceLinks`; kubernetes.io/docs/concepts/services-networking/service, "Environment variables").
 */
function isLink(name: string, value: string): boolean {
  // A user who means a setting may write `…_PORT`, too; the value of Kubernetes is a URL.
  return SERVICE_LINK.test(name) || (name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\//.test(value));
}

/**
 * Reads the members of an object, under the source's names or the library's.
 *
 * @param where what messages add to a name
 */
export function readMembers(object: Readonly<Record<string, unknown>>, names: Names, where = ""): Layer {
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const from = printable(name, 80) + where;
    const [key, row] = names.rows.find(([own]) => name === own || name === names.nameOf(own)) ?? [];
    if (key === undefined || !row) {
      problems.push(unknownName(name, from, names));
      continue;
    }
    const before = given.get(key);
    const wrong = before
      ? { problem: `is already set as ${before.from}`, fix: "keep one" }
      : typeProblem(row, value);
    if (wrong) problems.push({ setting: from, ...wrong });
    else given.set(key, { from, texts: [value].flat().map(String) });
  }
  return { given, problems };
}

/** Returns what is wrong with a value that is neither a text nor, if the row allows it, a number, boolean or list. */
function typeProblem({ repeatable, metavar }: SettingRow, value: unknown) {
  const items: readonly unknown[] = repeatable && Array.isArray(value) ? value : [value];
  if (items.length === 0) {
    return { problem: "the list is empty", fix: "leave the setting out or name at least one" };
  }
  const types = metavar === undefined ? /^(string|number|boolean)$/ : /^(string|number)$/;
  const at = items.findIndex((item) => !types.test(typeof item));
  if (at === -1) return undefined;
  const wrong = items[at];
  const shape = wrong === null ? "null" : Array.isArray(wrong) ? "a list" : `a value of type ${typeof wrong}`;
  const form = `${repeatable ? "a text, or a list of texts" : "a text"} (${metavar})`;
  return { problem: `${shape} is not ${metavar === undefined ? "true or false" : form}` };
}

/**
 * Returns the problem of an unknown name, with the one that was probably meant, or with where secrets go. The value is
 * never shown, as it could be a secret.
 *
 * @param setting the name, and its source, for the message
 */
export function unknownName(name: string, setting: string, { rows, nameOf }: Names): SettingProblem {
  const key = name.replace("OPENCLAW_SHIM_", "");
  const word = key.replace(/[-_]/g, "").toLowerCase();
  if (/^(gateway|auth)?(token|password|secret)$/.test(word)) {
    const fix = "use --token-file FILE or OPENCLAW_GATEWAY_TOKEN";
    return { setting, problem: "a secret is never a setting", fix };
  }
  const keys = rows.map(([own]) => own);
  const meant = closest(key, keys);
  const other = meant === undefined ? "openclaw-shim --help lists them" : `did you mean ${nameOf(meant)}?`;
  return { setting, problem: "no such setting", fix: OPENCLAW_WORDS.get(word) ?? other };
}
