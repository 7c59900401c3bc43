import { readJson5 } from "../openclaw/small-file.ts";
import { printable } from "../text/printable.ts";
import { flagName, unknownName } from "./names.ts";
import type { Given, Layer, SettingRow } from "./setting-row.ts";
import type { SettingProblem } from "./settings-error.ts";
import type { ShimOptions } from "./settings.ts";
import { SETTING_ROWS } from "./settings-table.ts";

/**
 * Reads a settings file: one JSON5 object whose keys are flag names (`max-connections`) or the library's
 * (`maxConnections`).
 *
 * @param from the setting that names the file, as the user wrote it
 */
export function readSettingsFile(path: string, from: string): Layer {
  const shown = printable(path, 120);
  const file = readJson5(path);
  if ("why" in file)
    return { given: new Map(), problems: [{ setting: from, problem: `${shown} ${file.why}` }] };
  const rows = SETTING_ROWS.filter(([, { scope }]) => scope !== "cli");
  return readObject(file.object, { rows, nameOf: flagName, where: ` in ${shown}`, units: false });
}

/** Reads the library's options, other than `logger`. */
export function readOptions(options: ShimOptions): Layer {
  const rows = SETTING_ROWS.filter(([, { scope }]) => scope === undefined);
  return readObject(
    { ...options, logger: undefined },
    { rows, nameOf: (key) => key, where: "", units: true },
  );
}

interface ObjectSource {
  readonly rows: readonly (readonly [string, SettingRow])[];
  /** Returns the name of a key in messages; both the key and this name are accepted. */
  readonly nameOf: (key: string) => string;
  /** What messages add to the name. */
  readonly where: string;
  /** Numbers have the unit of their row. */
  readonly units: boolean;
}

function readObject(object: Readonly<Record<string, unknown>>, source: ObjectSource): Layer {
  const { rows, nameOf, where, units } = source;
  const given = new Map<string, Given>();
  const names = new Map<string, string>();
  const problems: SettingProblem[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const from = `${printable(name, 80)}${where}`;
    const [key, row] = rows.find(([candidate]) => name === candidate || name === nameOf(candidate)) ?? [];
    if (key === undefined || !row) {
      const keys = rows.map(([candidate]) => candidate);
      problems.push(unknownName(name, keys, nameOf, from));
      continue;
    }
    const before = names.get(key);
    if (before !== undefined) {
      problems.push({ setting: from, problem: `is already set as ${before}`, fix: "keep one" });
      continue;
    }
    names.set(key, name);
    const items: readonly unknown[] = row.repeatable && Array.isArray(value) ? value : [value];
    const texts = items.map((item) => textOf(item, row, units));
    const wrong = texts.indexOf(undefined);
    if (texts.length === 0) {
      problems.push({
        setting: from,
        problem: "the list is empty",
        fix: "leave the setting out or name at least one",
      });
    } else if (wrong !== -1) {
      problems.push({ setting: from, problem: `${shape(items[wrong])} is not ${wanted(row)}` });
    } else {
      given.set(key, {
        from,
        texts: texts.filter((text) => text !== undefined),
        severalHint: "write a list with an item for each",
      });
    }
  }
  return { given, problems };
}

/** Returns a value as the text that a flag would have; undefined if it is of the wrong type. */
function textOf(value: unknown, { metavar, unit }: SettingRow, units: boolean): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" && metavar === undefined) return String(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return units ? `${value}${unit ?? ""}` : String(value);
}

function wanted({ metavar, repeatable }: SettingRow): string {
  if (metavar === undefined) return "true or false";
  return repeatable ? `a text, or a list of texts (${metavar})` : `a text (${metavar})`;
}

function shape(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : `an ${typeof value}`;
}
