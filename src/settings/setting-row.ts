import { shownValue, type SettingProblem } from "./settings-error.ts";
import { boolean, type Parser } from "./value-parsers.ts";

/** A row of the table of settings, or of a command's flags. */
export interface SettingRow {
  /** The value in `--help`; a row without one is a switch. */
  readonly metavar?: string;
  /** May be given several times; the value is a list. */
  readonly repeatable?: true;
  /** The texts that count if none are given. */
  readonly default?: readonly string[];
  /** The default in words, if no text says it. */
  readonly defaultNote?: string;
  /** The sources that may set it. `cli`: flag and environment; `process`: those and the file; absent: the library, too. */
  readonly scope?: "cli" | "process";
  /** The unit of a number that the library gives. */
  readonly unit?: "ms";
  /** Absent: the value is the text itself, or the state of a switch. */
  readonly parse?: Parser<unknown>;
  /** One line for `--help`, without the default. */
  readonly help: string;
  /** What docs/settings.md adds to `help`, in Markdown. */
  readonly more?: string;
}

/** Rows under their names in code: `dryRun` is `--dry-run`. */
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
}

/** What one source gives. A higher source replaces a setting as a whole; lists are not merged. */
export interface Layer {
  readonly given: ReadonlyMap<string, Given>;
  /** Problems of the source itself, such as an unknown name. */
  readonly problems: readonly SettingProblem[];
}

/** The valid values of one setting, each with its text. */
export interface Taken<T> {
  readonly from: string;
  readonly items: readonly { readonly text: string; readonly value: T }[];
}

/** The valid values of each row that was given. */
export type TakenValues<T extends FlagTable> = { readonly [K in keyof T]?: Taken<Item<T[K]>> };

/**
 * Parses the texts given for each row of a table. Adds what is wrong to `problems`.
 *
 * @returns the values, complete only if there are no problems; `taken` has the text of each, too
 */
export function parseRows<T extends FlagTable>(
  table: T,
  givenFor: (key: string) => Given | undefined,
  problems: SettingProblem[],
): { readonly values: Values<T>; readonly taken: TakenValues<T> } {
  const values: unknown[][] = [];
  const taken: unknown[][] = [];
  for (const [key, row] of Object.entries(table)) {
    const given = givenFor(key);
    const items = given ? parseTexts(row, given, problems) : [];
    const [first = row.metavar === undefined ? { value: false } : undefined] = items;
    values.push([key, row.repeatable ? items.map(({ value }) => value) : first?.value]);
    if (given) taken.push([key, { from: given.from, items }]);
  }
  // The loop makes what the types say; TypeScript cannot check that.
  return { values: Object.fromEntries(values), taken: Object.fromEntries(taken) };
}

const EMPTY = { problem: "the value is empty", fix: "give a value or leave the setting out" };
const EMPTY_ITEM = { ...EMPTY, problem: "an item of the list is empty" };

function parseTexts(
  row: SettingRow,
  { from, texts }: Given,
  problems: SettingProblem[],
): { readonly text: string; readonly value: unknown }[] {
  const parse = row.parse ?? (row.metavar === undefined ? boolean : (text: string) => ({ value: text }));
  return texts.flatMap((text) => {
    const parsed = text === "" ? (texts.length === 1 ? EMPTY : EMPTY_ITEM) : parse(text);
    if ("value" in parsed) return [{ text, value: parsed.value }];
    const several = row.repeatable && text.includes(",") ? "give each value separately" : undefined;
    const fix = [parsed.fix, several].filter((part) => part !== undefined).join("; ");
    const value = text === "" ? {} : { value: shownValue(text) };
    problems.push({ setting: from, ...value, problem: parsed.problem, ...(fix !== "" && { fix }) });
    return [];
  });
}
