import { readJson5 } from "../openclaw/small-file.ts";
import { textsOf, type Given, type Layer } from "./layer.ts";
import { flagName, keyNamed, settingFor, unknownName } from "./names.ts";
import { SETTING_ROWS, type SettingKey } from "./settings-table.ts";
import { printable } from "../text/printable.ts";

/**
 * Reads a settings file: one JSON5 object whose keys are flag names (`max-connections`) or the library's
 * (`maxConnections`).
 *
 * @param from the setting that names the file, as the user wrote it
 */
export function readSettingsFile(path: string, from: string): Layer {
  const given = new Map<SettingKey, Given>();
  const problems: string[] = [];
  const shown = printable(path, 120);
  const file = readJson5(path);
  if ("why" in file) return { given, problems: [`${from}: ${shown} ${file.why}`] };
  const known = SETTING_ROWS.filter(([, { scope }]) => scope !== "cli").map(([key]) => flagName(key));
  for (const [name, value] of Object.entries(file.object)) {
    const where = `${printable(name, 80)} in ${shown}`;
    const key = keyNamed(name, flagName) ?? keyNamed(name, (candidate) => candidate);
    if (key === undefined || !known.includes(flagName(key))) {
      problems.push(`${where}: ${unknownName(name, known)}`);
      continue;
    }
    const texts = textsOf(where, settingFor(key), value, false);
    const before = given.get(key);
    if ("problem" in texts) problems.push(texts.problem);
    else if (texts.texts.includes("")) problems.push(`${where}: the value is empty; leave the setting out`);
    else if (before) problems.push(`${where}: is also there as ${before.from.split(" ")[0]}; keep one`);
    else given.set(key, { from: where, texts: texts.texts });
  }
  return { given, problems };
}
