import { parseArgs } from "node:util";
import { unknownName, type Layer } from "./layers.ts";
import { flagName, parseRows, type FlagTable, type Given, type Values } from "./setting-row.ts";
import { shownValue, type SettingProblem } from "./settings-error.ts";
import { SETTINGS } from "./settings.ts";

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
  const table: FlagTable = { ...settings, ...flags };
  const rows = Object.entries(table);
  const options = rows.map(([key, { metavar }]) => {
    return [flagName(key), { type: metavar === undefined ? "boolean" : "string" }] as const;
  });
  const config = { strict: false, allowPositionals: true, tokens: true } as const;
  // Without arguments the parser is not loaded.
  const parse = () => parseArgs({ args: [...args], options: Object.fromEntries(options), ...config });
  const { tokens } = args.length === 0 ? { tokens: [] } : parse();
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  let unknownAt: number | undefined;
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      const setting = `"${shownValue(token.value)}"`;
      const fix = "settings are flags, such as --listen";
      // The argument after an unknown flag may be its value, and a secret.
      if (token.index - 1 !== unknownAt) problems.push({ setting, problem: "unexpected", fix });
      continue;
    }
    const { rawName: setting, value, inlineValue } = token;
    const [key, row] = rows.find(([own]) => dashed(own) === setting) ?? [];
    if (key === undefined || !row) {
      const isSetting = Object.keys(SETTINGS).some((own) => dashed(own) === setting);
      const elsewhere = { setting, problem: "this command does not take it", fix: "leave it out" };
      problems.push(
        isSetting ? elsewhere : unknownName(setting, shownValue(setting), { rows, nameOf: dashed }),
      );
      unknownAt = inlineValue ? undefined : token.index;
      continue;
    }
    const { metavar, repeatable } = row;
    const before = given.get(key)?.texts ?? [];
    if (metavar !== undefined && (value === undefined || (!inlineValue && value.startsWith("--")))) {
      problems.push({ setting, problem: "needs a value", fix: `write ${setting} ${metavar}` });
    } else if (metavar === undefined && value !== undefined) {
      problems.push({ setting, problem: "takes no value" });
    } else if (before.length > 0 && !repeatable) {
      problems.push({ setting, problem: "given more than once", fix: "give it once" });
    } else given.set(key, { from: setting, texts: [...before, value ?? "true"] });
  }
  const values = parseRows(flags, (key) => given.get(key), problems);
  for (const key of Object.keys(flags)) given.delete(key);
  return { given: { given, problems }, flags: values };
}

function dashed(key: string): string {
  return `--${flagName(key)}`;
}
