import { printable } from "../text.ts";
import type { Given, Layer } from "./layer.ts";
import { environmentName, isOwnVariable, keyNamed, settingFor, unknownName } from "./names.ts";
import { SETTING_ROWS, type SettingKey } from "./table.ts";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the `OPENCLAW_SHIM_*` variables; commas separate the items of a list. */
export function readEnvironment(env: Environment): Layer {
  const given = new Map<SettingKey, Given>();
  const problems: string[] = [];
  const known = SETTING_ROWS.map(([key]) => environmentName(key));
  for (const [name, value] of Object.entries(env)) {
    if (!isOwnVariable(name) || value === undefined) continue;
    const key = keyNamed(name, environmentName);
    if (key === undefined) {
      problems.push(`${printable(name, 80)}: ${unknownName(name, known)}`);
      continue;
    }
    const texts = settingFor(key).repeatable ? value.split(",").map((item) => item.trim()) : [value];
    if (value === "") problems.push(`${name}: the value is empty; unset it to leave the setting alone`);
    else if (texts.includes("")) problems.push(`${name}: an item between its commas is empty`);
    else given.set(key, { from: name, texts });
  }
  return { given, problems };
}
