import type { Environment } from "../openclaw/config.ts";
import { readJson5 } from "../openclaw/small-file.ts";
import { printable } from "../text/printable.ts";
import { environmentName, flagName, isOwnVariable, unknownName } from "./names.ts";
import type { Given, Layer, SettingRow } from "./setting-row.ts";
import type { SettingProblem } from "./settings-error.ts";
import type { ShimOptions } from "./settings.ts";
import { SETTING_ROWS } from "./settings-table.ts";

const SERVICE_LINK =
  /^OPENCLAW_SHIM(?:_[A-Z0-9]+)*_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9]+)*|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/** Reads the `OPENCLAW_SHIM_*` variables; commas separate the items of a list. */
export function readEnvironment(env: Environment): Layer {
  const own = Object.entries(env).filter(([name, value = ""]) => isOwnVariable(name) && !isLink(name, value));
  return readMembers(Object.fromEntries(own), {
    rows: SETTING_ROWS,
    nameOf: environmentName,
    textsOf: ({ repeatable }, value) =>
      repeatable
        ? String(value)
            .split(",")
            .map((item) => item.trim())
        : [String(value)],
  });
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
 * Reads a settings file: one JSON5 object whose keys are flag names (`max-connections`) or the library's
 * (`maxConnections`).
 *
 * @param setting the setting that names the file, as the user wrote it
 */
export function readSettingsFile(path: string, setting: string): Layer {
  const shown = printable(path, 120);
  const file = readJson5(path);
  if ("why" in file) return { given: new Map(), problems: [{ setting, problem: `${shown} ${file.why}` }] };
  const rows = SETTING_ROWS.filter(([, { scope }]) => scope !== "cli");
  return readMembers(file.object, { rows, nameOf: flagName, textsOf, where: ` in ${shown}` });
}

/** Reads the library's options, other than `logger`. */
export function readOptions(options: ShimOptions): Layer {
  return readMembers(
    { ...options, logger: undefined },
    {
      rows: SETTING_ROWS.filter(([, { scope }]) => scope === undefined),
      nameOf: (key) => key,
      textsOf: (row, value) =>
        textsOf(row, row.unit && Number.isFinite(value) ? `${Number(value)}${row.unit}` : value),
    },
  );
}

interface Source {
  /** The rows that the source may set. */
  readonly rows: readonly (readonly [string, SettingRow])[];
  /** Returns how a user writes a key here; the key itself is accepted, too. */
  readonly nameOf: (key: string) => string;
  /** Returns a value as the texts of flags, or what is wrong with it. */
  readonly textsOf: (row: SettingRow, value: unknown) => readonly string[] | Omit<SettingProblem, "setting">;
  /** What messages add to a name. */
  readonly where?: string;
}

function readMembers(
  object: Readonly<Record<string, unknown>>,
  { rows, nameOf, textsOf: read, where = "" }: Source,
): Layer {
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const setting = `${printable(name, 80)}${where}`;
    const [key, row] = rows.find(([candidate]) => name === candidate || name === nameOf(candidate)) ?? [];
    if (key === undefined || !row) {
      problems.push(unknownName(name, setting, rows, nameOf));
      continue;
    }
    const before = given.get(key);
    const texts = read(row, value);
    if (before) problems.push({ setting, problem: `is already set as ${before.from}`, fix: "keep one" });
    else if ("problem" in texts) problems.push({ setting, ...texts });
    else given.set(key, { from: setting, texts });
  }
  return { given, problems };
}

function textsOf(
  { repeatable, metavar }: SettingRow,
  value: unknown,
): readonly string[] | Omit<SettingProblem, "setting"> {
  const items: readonly unknown[] = repeatable && Array.isArray(value) ? value : [value];
  if (items.length === 0) {
    return { problem: "the list is empty", fix: "leave the setting out or name at least one" };
  }
  const isSwitch = metavar === undefined;
  const wrong = items.find((item) => {
    return !(typeof item === "string" || Number.isFinite(item) || (isSwitch && typeof item === "boolean"));
  });
  if (wrong === undefined) return items.map(String);
  const text = repeatable ? "a text, or a list of texts" : "a text";
  const shape = wrong === null ? "null" : Array.isArray(wrong) ? "a list" : `a value of type ${typeof wrong}`;
  return { problem: `${shape} is not ${isSwitch ? "true or false" : `${text} (${metavar})`}` };
}
