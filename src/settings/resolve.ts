import { addressProblems } from "./address-rules.ts";
import { flagName } from "./names.ts";
import { readOptions } from "./object-layers.ts";
import { take, valuesOf, type Given, type Item, type Layer, type Taken } from "./setting-row.ts";
import { SettingsError } from "./settings-error.ts";
import type { Settings, ShimOptions } from "./settings.ts";
import { SETTING_ROWS, SETTINGS, type SettingKey } from "./settings-table.ts";

/** The settings that were given or have a default, by key. */
export type TakenSettings = {
  readonly [K in SettingKey]?: Taken<Item<(typeof SETTINGS)[K]>>;
};

const DEFAULTS: Layer = {
  given: new Map(
    SETTING_ROWS.flatMap(([key, { default: texts }]): [string, Given][] =>
      texts ? [[key, { from: `the default of --${flagName(key)}`, texts, byDefault: true }]] : [],
    ),
  ),
  problems: [],
};

/**
 * Returns the settings of the library's options.
 *
 * @throws SettingsError with every problem, each naming the option
 */
export function resolveOptions(options: ShimOptions): Settings {
  return resolveSettings([readOptions(options)]);
}

/** Returns what the highest of the layers gives for a setting, else its default. */
export function findGiven(layers: readonly Layer[], key: SettingKey): Given | undefined {
  return [...layers, DEFAULTS].map(({ given }) => given.get(key)).find((given) => given !== undefined);
}

/**
 * Merges layers, highest first, and checks the result.
 *
 * @throws SettingsError with every problem
 */
export function resolveSettings(layers: readonly Layer[]): Settings {
  const problems = layers.flatMap((layer) => layer.problems);
  const found = new Map<string, Taken<unknown>>();
  for (const [key, row] of SETTING_ROWS) {
    const given = findGiven(layers, key);
    if (given) found.set(key, take(row, given, problems));
  }
  const taken: TakenSettings = Object.fromEntries([...found].map((entry): unknown[] => entry));
  problems.push(...addressProblems(taken));
  if (problems.length > 0) throw new SettingsError(...problems);
  const values = valuesOf(SETTINGS, found);
  const { allowRemoteGateway: _, config: __, gatewayFingerprint: fingerprint, ...settings } = values;
  return deepFreeze({
    ...settings,
    // Not every machine has IPv6: only the default [::1] may fail to bind.
    listen: settings.listen.map((address) =>
      taken.listen?.given.byDefault && address.host === "::1" ? { ...address, optional: true } : address,
    ),
    gateway: { ...settings.gateway, ...(fingerprint !== undefined && { fingerprint }) },
  });
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
