import { parseArgs } from "node:util";
import { flagName, unknownName } from "./names.ts";
import { SETTINGS } from "./settings-table.ts";
import { shownValue, type SettingProblem } from "./settings-error.ts";
import {
  take,
  valuesOf,
  type FlagTable,
  type Given,
  type Layer,
  type Taken,
  type Values,
} from "./setting-row.ts";

/** A command line, parsed: the settings given as flags, and the values of the command's own flags. */
export interface Arguments<T extends FlagTable> {
  readonly given: Layer;
  readonly flags: Values<T>;
}

/**
 * Parses the arguments of a command: `--name value` and `--name=value`.
 *
 * @param args the arguments after the command's name
 * @param flags the command's own flags
 * @param settings the settings that the command takes
 * @returns with problems in `given`: of the arguments, and of the values of own flags
 */
export function readArguments<const T extends FlagTable>(
  args: readonly string[],
  flags: T,
  settings: FlagTable = SETTINGS,
): Arguments<T> {
  const table = { ...settings, ...flags };
  const keys = Object.keys(table);
  const keyOf = new Map(keys.map((key) => [flagName(key), key]));
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  let unknownAt: number | undefined;
  for (const token of tokensOf(args, table)) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      // The argument after an unknown flag may be its value, and a secret.
      if (token.index - 1 !== unknownAt) problems.push(unexpected(token.value));
      continue;
    }
    const { rawName: from, value } = token;
    const key = from.startsWith("--") ? keyOf.get(token.name) : undefined;
    const row = key === undefined ? undefined : table[key];
    if (key === undefined || !row) {
      problems.push(unknownFlag(from, keys));
      unknownAt = token.inlineValue ? undefined : token.index;
      continue;
    }
    const before = given.get(key)?.texts ?? [];
    const wrong = (problem: string, fix?: string): void =>
      void problems.push({ setting: from, problem, ...(fix !== undefined && { fix }) });
    if (row.metavar === undefined && value !== undefined) wrong("takes no value");
    else if (
      row.metavar !== undefined &&
      (value === undefined || (!token.inlineValue && value.startsWith("--")))
    ) {
      wrong("needs a value", `write ${from} ${row.metavar}`);
    } else if (before.length > 0 && !row.repeatable) wrong("given more than once", "give it once");
    else
      given.set(key, { from, texts: [...before, value ?? "true"], severalHint: "repeat the flag for each" });
  }
  const own = new Map<string, Taken<unknown>>();
  for (const [key, row] of Object.entries(flags)) {
    const texts = given.get(key);
    given.delete(key);
    if (texts) own.set(key, take(row, texts, problems));
  }
  return { given: { given, problems }, flags: valuesOf(flags, own) };
}

function tokensOf(args: readonly string[], table: FlagTable) {
  const options = Object.entries(table).map(([key, { metavar }]) => {
    const type: "string" | "boolean" = metavar === undefined ? "boolean" : "string";
    return [flagName(key), { type }] as const;
  });
  return parseArgs({
    args: [...args],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;
}

function unknownFlag(from: string, keys: readonly string[]): SettingProblem {
  const isSetting = Object.keys(SETTINGS).some((key) => `--${flagName(key)}` === from);
  if (isSetting) return { setting: from, problem: "this command does not take it", fix: "leave it out" };
  return unknownName(from, keys, (key) => `--${flagName(key)}`, shownValue(from));
}

function unexpected(text: string): SettingProblem {
  const fix = "settings are flags, such as --listen";
  return { setting: `"${shownValue(text)}"`, problem: "unexpected", fix };
}
