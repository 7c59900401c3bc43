import { boolean, type Parser } from "./parsers.ts";
import { shownValue, type SettingProblem } from "./settings-error.ts";

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
  /** Absent: the value is the text itself, or the state of a switch. If repeatable, one text may give several values. */
  readonly parse?: Parser<unknown>;
  /** One line for `--help`, without the default. */
  readonly help: string;
}

/** Rows under their names in code: `dryRun` is `--dry-run`. */
export type FlagTable = Readonly<Record<string, SettingRow>>;

/** The value of one text of a row, or one of several. */
export type Item<R> = R extends { readonly parse: Parser<infer T> }
  ? Exclude<T, readonly unknown[]>
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

const ENVIRONMENT_PREFIX = "OPENCLAW_SHIM_";

/** `maxConnections` → `max-connections`: the flag without its dashes, and the key in a settings file. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxConnections` → `OPENCLAW_SHIM_MAX_CONNECTIONS`. */
export function environmentName(key: string): string {
  return ENVIRONMENT_PREFIX + flagName(key).replaceAll("-", "_").toUpperCase();
}

/** Returns true for the name of an environment variable that is meant for the shim. */
export function isOwnVariable(name: string): boolean {
  return name.startsWith(ENVIRONMENT_PREFIX);
}

/** Parses the texts given for each row of a table. The values are complete only if it adds nothing to `problems`. */
export function parseRows<T extends FlagTable>(
  table: T,
  givenFor: (key: string) => Given | undefined,
  problems: SettingProblem[],
): Values<T> {
  const values = Object.entries<SettingRow>(table).map(([key, row]) => {
    const given = givenFor(key);
    const items = given ? parseTexts(row, given, problems) : [];
    return [key, row.repeatable ? items : (items[0] ?? (row.metavar === undefined ? false : undefined))];
  });
  // The loop makes what the type says; TypeScript cannot check that.
  return Object.fromEntries(values);
}

function parseTexts(row: SettingRow, { from, texts }: Given, problems: SettingProblem[]): unknown[] {
  const parse = row.parse ?? (row.metavar === undefined ? boolean : (text: string) => ({ value: text }));
  const problem = texts.length === 1 ? "the value is empty" : "an item of the list is empty";
  const empty = { problem, fix: "give a value or leave the setting out" };
  return texts.flatMap((text) => {
    const parsed = text === "" ? empty : parse(text);
    if ("value" in parsed) return [parsed.value].flat();
    const several = row.repeatable && text.includes(",") ? "give each value separately" : undefined;
    const fix = [parsed.fix, several].filter((part) => part !== undefined).join("; ");
    const value = text === "" ? {} : { value: shownValue(text) };
    problems.push({ setting: from, ...value, problem: parsed.problem, ...(fix !== "" && { fix }) });
    return [];
  });
}
