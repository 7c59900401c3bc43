import type { Environment } from "../openclaw/config.ts";
import { addressProblems } from "./address-rules.ts";
import type { ListenAddress } from "./address-parsers.ts";
import { readEnvironment, readOptions, readSettingsFile } from "./layers.ts";
import { flagName } from "./names.ts";
import { readOpenclaw } from "./openclaw-layer.ts";
import { parseRows, type Given, type Layer } from "./setting-row.ts";
import { SettingsError, type SettingProblem } from "./settings-error.ts";
import type { Settings, ShimOptions } from "./settings.ts";
import { SETTING_ROWS, SETTINGS } from "./settings-table.ts";

/** The sources of a command's settings. */
export interface Sources {
  /** The settings given as flags. */
  readonly given?: Layer;
  readonly env: Environment;
  /** True if stdout is a terminal, which changes the default of `--log-format`. */
  readonly terminal: boolean;
}

const NOTHING: Layer = { given: new Map(), problems: [] };
const PRETTY: Layer = { given: new Map([["logFormat", { from: "", texts: ["pretty"] }]]), problems: [] };
const DEFAULTS: Layer = {
  given: new Map(
    SETTING_ROWS.flatMap(([key, { default: texts }]): [string, Given][] =>
      texts ? [[key, { from: `the default of --${flagName(key)}`, texts }]] : [],
    ),
  ),
  problems: [],
};
/** A path at which no file can exist. */
const NO_CONFIG = "/dev/null/openclaw.json";

/**
 * Loads the settings of a command: flag, then `OPENCLAW_SHIM_*`, then `--config FILE`, then OpenClaw's own config,
 * then default.
 *
 * @throws SettingsError with every problem of all layers
 */
export function loadSettings({ given = NOTHING, env, terminal }: Sources): Settings {
  const layers = [given, readEnvironment(env)];
  const config = findGiven(layers, "config");
  if (config?.texts[0]) layers.push(readSettingsFile(config.texts[0], config.from));
  // A damaged config of OpenClaw does not matter to users who name the gateway themselves.
  if (!findGiven(layers, "gateway")) layers.push(readOpenclaw(env, listenersOf(layers)));
  return resolve(terminal ? [...layers, PRETTY] : layers);
}

/**
 * Loads the settings of a command that works without OpenClaw's config, too.
 *
 * @returns the settings; with `problem` if they were loaded without OpenClaw's config because of it
 * @throws SettingsError for every other problem
 */
export function loadDespiteOpenclaw(sources: Sources): {
  readonly settings: Settings;
  readonly problem?: SettingProblem;
} {
  try {
    return { settings: loadSettings(sources) };
  } catch (error) {
    const problems = error instanceof SettingsError ? error.problems : [];
    const problem = problems.find(({ source }) => source === "openclaw");
    if (!problem) throw error;
    const env = { ...sources.env, OPENCLAW_CONFIG_PATH: NO_CONFIG };
    return { settings: loadSettings({ ...sources, env }), problem };
  }
}

/**
 * Returns the settings of the library's options.
 *
 * @throws SettingsError with every problem, each naming the option
 */
export function resolveOptions(options: ShimOptions): Settings {
  return resolve([readOptions(options)]);
}

/** Returns the addresses to listen on that layers give, else the default ones, as far as the texts are valid. */
export function listenersOf(layers: readonly Layer[]): ListenAddress[] {
  const texts = findGiven([...layers, DEFAULTS], "listen")?.texts ?? [];
  return texts.map(SETTINGS.listen.parse).flatMap((parsed) => ("value" in parsed ? [parsed.value] : []));
}

function findGiven(layers: readonly Layer[], key: string): Given | undefined {
  return layers.map(({ given }) => given.get(key)).find((given) => given !== undefined);
}

/** Merges layers, highest first, and checks the result. */
function resolve(layers: readonly Layer[]): Settings {
  const problems = layers.flatMap((layer) => layer.problems);
  const { values, taken } = parseRows(SETTINGS, (key) => findGiven([...layers, DEFAULTS], key), problems);
  problems.push(...addressProblems(taken));
  if (problems.length > 0) throw new SettingsError(...problems);
  const { allowRemoteGateway: _, config: __, gatewayFingerprint: fingerprint, ...settings } = values;
  const byDefault = !findGiven(layers, "listen");
  return deepFreeze({
    ...settings,
    // Not every machine has IPv6: only the default [::1] may fail to bind.
    listen: settings.listen.map((address) =>
      byDefault && address.host === "::1" ? { ...address, optional: true } : address,
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
