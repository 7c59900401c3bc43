import { boolean, type Invalid, type Parser } from "./value-parsers.ts";
import { shownValue, type SettingProblem } from "./settings-error.ts";

/** A flag: what argument parser and `--help` need. */
export interface FlagRow {
  /** The value in `--help`; a flag without one is a switch. */
  readonly metavar?: string;
  /** May be given several times; the value is a list. */
  readonly repeatable?: true;
  /** The default in words, for `--help`, if `default` is too long or there is no text for it. */
  readonly defaultNote?: string;
  /** Absent: the text itself, or the state of a switch. */
  readonly parse?: Parser<unknown>;
  /** One line, without the default. */
  readonly help: string;
}

/** A row of the table of settings: a flag that can be set elsewhere, too. */
export interface SettingRow extends FlagRow {
  /** The texts that count if none are given. */
  readonly default?: readonly string[];
  /** The sources that may set it. `cli`: flag and environment; `process`: those and the file; absent: the library, too. */
  readonly scope?: "cli" | "process";
  /** The unit of a number that the library gives. */
  readonly unit?: "ms";
  /** What the README adds to `help`, in Markdown. */
  readonly more?: string;
}

/** Flags under their names in code: `dryRun` is `--dry-run`. */
export type FlagTable = Readonly<Record<string, SettingRow>>;

/** The value of one text of a row. */
export type Item<R> = R extends { readonly parse: Parser<infer T> }
  ? T
  : R extends { readonly metavar: string }
    ? string
    : boolean;

/** The value of each row: a list if repeatable, a boolean for a switch, undefined if neither given nor by default. */
export type Values<T extends FlagTable> = {
  readonly [K in keyof T]: T[K] extends { readonly repeatable: true }
    ? readonly Item<T[K]>[]
    : T[K] extends { readonly metavar: string; readonly default?: undefined }
      ? Item<T[K]> | undefined
      : Item<T[K]>;
};

/** The texts given for one setting. */
export interface Given {
  /** The setting as the user named it: `--hold`, `OPENCLAW_SHIM_HOLD`, `hold in FILE`. */
  readonly from: string;
  readonly texts: readonly string[];
  /** How this source takes several values, for one that was given as `a,b`. */
  readonly severalHint?: string;
  /** The table's default. */
  readonly byDefault?: true;
}

/** What one source gives. A higher source replaces a setting as a whole; lists are not merged. */
export interface Layer {
  readonly given: ReadonlyMap<string, Given>;
  /** Problems of the source itself, such as an unknown name. */
  readonly problems: readonly SettingProblem[];
}

/** The valid values of one setting, each with its text. */
export interface Taken<T> {
  readonly given: Given;
  readonly items: readonly { readonly text: string; readonly value: T }[];
}

/** Returns the values of all rows of a table, from what was taken for each. */
export function valuesOf<T extends FlagTable>(
  table: T,
  taken: ReadonlyMap<string, Taken<unknown>>,
): Values<T> {
  const values = Object.entries(table).map(([key, { repeatable, metavar }]): unknown[] => {
    const items = (taken.get(key)?.items ?? []).map(({ value }) => value);
    return [key, repeatable ? items : (items[0] ?? (metavar === undefined ? false : undefined))];
  });
  // `Values` is true of the result by the loop above; no type of TypeScript says that of a loop.
  return Object.fromEntries(values);
}

/** Parses the texts given for one row. Adds what is wrong to `problems`. */
export function take(row: FlagRow, given: Given, problems: SettingProblem[]): Taken<unknown> {
  const parse = row.parse ?? (row.metavar === undefined ? boolean : (text: string) => ({ value: text }));
  const items = given.texts.flatMap((text) => {
    const parsed = text === "" ? emptyText(given) : parse(text);
    if ("value" in parsed) return [{ text, value: parsed.value }];
    const several = row.repeatable && text.includes(",") ? given.severalHint : undefined;
    const fix = [parsed.fix, several].filter((part) => part !== undefined).join("; ");
    problems.push({
      setting: given.from,
      ...(text !== "" && { value: shownValue(text) }),
      problem: parsed.problem,
      ...(fix !== "" && { fix }),
    });
    return [];
  });
  return { given, items };
}

function emptyText({ texts }: Given): Invalid {
  const problem = texts.length === 1 ? "the value is empty" : "an item of the list is empty";
  return { problem, fix: "give a value or leave the setting out" };
}
