import type { Setting, SettingKey } from "./settings-table.ts";

/** A text given for a setting, and where, in the user's own words: `--hold`, `OPENCLAW_SHIM_HOLD`, `hold in FILE`. */
export interface Given {
  readonly from: string;
  readonly texts: readonly string[];
  /** Nobody gave it: it is the table's default. */
  readonly byDefault?: true;
}

/** The values of one setting that hold, each with its text. */
export interface Taken<T> extends Given {
  readonly items: readonly { readonly text: string; readonly value: T }[];
}

/** What one source of settings gives. A layer above replaces a setting whole; it never adds to a list. */
export interface Layer {
  readonly given: ReadonlyMap<SettingKey, Given>;
  /** What is wrong with the layer itself, such as an unknown name. */
  readonly problems: readonly string[];
}

/**
 * What to add where a text was refused that may have been meant as several: only the environment has lists with
 * commas.
 *
 * @param from the setting, in the user's own words
 */
export function listHint(from: string, text: string): string {
  if (!text.includes(",")) return "";
  return from.startsWith("--") ? "; repeat the flag for each" : "; make it a list, with an item for each";
}

/** An own value in a program or a file, as the texts that a flag would have. */
export function textsOf(
  from: string,
  setting: Setting<unknown>,
  value: unknown,
  numbersAreMs: boolean,
): { readonly texts: readonly string[] } | { readonly problem: string } {
  const items: readonly unknown[] = setting.repeatable && Array.isArray(value) ? value : [value];
  const texts = items.map((item) => {
    if (typeof item === "string") return item;
    if (typeof item === "boolean" && setting.metavar === undefined) return String(item);
    if (typeof item !== "number" || !Number.isFinite(item)) return undefined;
    return setting.duration && numbersAreMs ? `${item}ms` : String(item);
  });
  const wrong = texts.indexOf(undefined);
  if (texts.length === 0)
    return { problem: `${from}: the list is empty; leave the setting out or name at least one` };
  if (wrong !== -1) return { problem: `${from}: ${shape(items[wrong])} is not ${wanted(setting)}` };
  return { texts: texts.filter((text) => text !== undefined) };
}

function wanted(setting: Setting<unknown>): string {
  if (setting.metavar === undefined) return "true or false";
  return setting.repeatable
    ? `a text, or a list of texts (${setting.metavar})`
    : `a text (${setting.metavar})`;
}

function shape(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : `an ${typeof value}`;
}
