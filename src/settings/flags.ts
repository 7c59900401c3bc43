import { parseArgs } from "node:util";
import { quoted } from "./settings-error.ts";
import type { Given, Layer } from "./layer.ts";
import { flagName, keyNamed, settingFor, unknownName } from "./names.ts";
import { SETTING_ROWS, type SettingKey } from "./settings-table.ts";

/** A flag of one command, besides the settings. */
export interface CommandFlag {
  /** Without the dashes. */
  readonly name: string;
  /** What stands for its value in `--help`; a flag without one is a switch. */
  readonly metavar?: string;
  /** May be given more than once. */
  readonly repeatable?: true;
  readonly help: string;
}

/** Flags as a layer of settings, and those of the command: the texts of each as given, none for a switch. */
export interface FlagLayer extends Layer {
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the flags of a command: `--name value` and `--name=value`.
 *
 * @param args what follows the command's name
 * @param commandFlags what this command knows besides the settings
 */
export function readFlags(args: readonly string[], commandFlags: readonly CommandFlag[] = []): FlagLayer {
  const known = new Map<string, string | undefined>([
    ...SETTING_ROWS.map(([key, { metavar }]): [string, string | undefined] => [flagName(key), metavar]),
    ...commandFlags.map(({ name, metavar }): [string, string | undefined] => [name, metavar]),
  ]);
  const options = Object.fromEntries(
    [...known].map(([name, metavar]) => [
      name,
      { type: metavar !== undefined ? ("string" as const) : ("boolean" as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });

  const flags = new Map<string, readonly string[]>();
  const repeatable = new Set(commandFlags.filter((flag) => flag.repeatable).map(({ name }) => name));
  const given = new Map<SettingKey, Given>();
  const problems: string[] = [];
  let unknownAt: number | undefined;
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      // What follows an unknown flag may be its value, and a secret.
      if (unknownAt === undefined || token.index !== unknownAt + 1)
        problems.push(`${quoted(token.value)}: unexpected; settings are flags, such as --listen`);
      continue;
    }
    const from = token.rawName;
    const metavar = known.get(token.name);
    if (!known.has(token.name) || !from.startsWith("--")) {
      problems.push(
        `${quoted(from).slice(1, -1)}: ${unknownName(
          from,
          [...known.keys()].map((name) => `--${name}`),
        )}`,
      );
      unknownAt = token.inlineValue ? undefined : token.index;
      continue;
    }
    const text = token.value;
    const missing = text === undefined || (!token.inlineValue && text.startsWith("--"));
    if (metavar === undefined && text !== undefined) problems.push(`${from}: takes no value`);
    else if (metavar !== undefined && missing)
      problems.push(`${from}: needs a value; write ${from} ${metavar}`);
    else if (text === "") problems.push(`${from}: the value is empty`);
    else add(token.name, from, text);
  }
  return { given, flags, problems };

  function add(name: string, from: string, text: string | undefined): void {
    const key = keyNamed(name, flagName);
    const before = key === undefined ? flags.get(name) : given.get(key)?.texts;
    const again = key === undefined ? repeatable.has(name) : settingFor(key).repeatable;
    if (before && !again) problems.push(`${from}: given more than once; only one counts, so give one`);
    else if (key === undefined) flags.set(name, [...(before ?? []), ...(text === undefined ? [] : [text])]);
    else given.set(key, { from, texts: [...(before ?? []), text ?? "true"] });
  }
}
