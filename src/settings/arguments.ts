import { parseArgs } from "node:util";
import { flagName, unknownName } from "./names.ts";
import {
  parseRows,
  type FlagTable,
  type Given,
  type Layer,
  type SettingRow,
  type Values,
} from "./setting-row.ts";
import { shownValue, type SettingProblem } from "./settings-error.ts";
import { SETTINGS } from "./settings-table.ts";

type Rows = readonly (readonly [string, SettingRow])[];

/** A command line, parsed: the settings given as flags, and the values of the command's own flags. */
export interface Arguments<T extends FlagTable> {
  /** Also has the problems of all arguments. */
  readonly given: Layer;
  readonly flags: Values<T>;
}

/**
 * Parses the arguments of a command: `--name value` and `--name=value`.
 *
 * @param args the arguments after the command's name
 * @param flags the command's own flags
 * @param settings the settings that the command takes
 */
export function readArguments<T extends FlagTable>(
  args: readonly string[],
  flags: T,
  settings: FlagTable = SETTINGS,
): Arguments<T> {
  const rows = Object.entries<SettingRow>({ ...settings, ...flags });
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  let unknownAt: number | undefined;
  for (const token of tokensOf(args, rows)) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      const fix = "settings are flags, such as --listen";
      const setting = `"${shownValue(token.value)}"`;
      // The argument after an unknown flag may be its value, and a secret.
      if (token.index - 1 !== unknownAt) problems.push({ setting, problem: "unexpected", fix });
      continue;
    }
    const { rawName: from, value, inlineValue } = token;
    const [key, row] = rows.find(([candidate]) => dashed(candidate) === from) ?? [];
    if (key === undefined || !row) {
      problems.push(unknownFlag(from, rows));
      unknownAt = inlineValue ? undefined : token.index;
      continue;
    }
    const before = given.get(key)?.texts ?? [];
    const missing = value === undefined || (!inlineValue && value.startsWith("--"));
    if (row.metavar !== undefined && missing) {
      problems.push({ setting: from, problem: "needs a value", fix: `write ${from} ${row.metavar}` });
    } else if (row.metavar === undefined && value !== undefined) {
      problems.push({ setting: from, problem: "takes no value" });
    } else if (before.length > 0 && !row.repeatable) {
      problems.push({ setting: from, problem: "given more than once", fix: "give it once" });
    } else given.set(key, { from, texts: [...before, value ?? "true"] });
  }
  const { values } = parseRows(flags, (key) => given.get(key), problems);
  for (const key of Object.keys(flags)) given.delete(key);
  return { given: { given, problems }, flags: values };
}

function tokensOf(args: readonly string[], rows: Rows) {
  const options = rows.map(([key, { metavar }]) => {
    return [
      flagName(key),
      { type: metavar === undefined ? ("boolean" as const) : ("string" as const) },
    ] as const;
  });
  const config = { strict: false, allowPositionals: true, tokens: true } as const;
  return parseArgs({ args: [...args], options: Object.fromEntries(options), ...config }).tokens;
}

function unknownFlag(from: string, rows: Rows): SettingProblem {
  if (!Object.keys(SETTINGS).some((key) => dashed(key) === from)) {
    return unknownName(from, shownValue(from), rows, dashed);
  }
  return { setting: from, problem: "this command does not take it", fix: "leave it out" };
}

function dashed(key: string): string {
  return `--${flagName(key)}`;
}
