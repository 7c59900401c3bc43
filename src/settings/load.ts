import type { HostPort } from "../net/authority.ts";
import type { Environment } from "../openclaw/config.ts";
import { readEnvironment } from "./environment.ts";
import { readSettingsFile } from "./object-layers.ts";
import { readOpenclaw } from "./openclaw-layer.ts";
import { findGiven, resolveSettings } from "./resolve.ts";
import type { Layer } from "./setting-row.ts";
import { SettingsError, type SettingProblem } from "./settings-error.ts";
import type { Settings } from "./settings.ts";
import { SETTINGS } from "./settings-table.ts";

/** The sources of a command's settings. */
export interface Sources {
  /** The settings given as flags. */
  readonly given: Layer;
  readonly env: Environment;
  /** True if stdout is a terminal, which changes the default of `--log-format`. */
  readonly terminal: boolean;
}

/** A command line without settings. */
export const NOTHING_GIVEN: Layer = { given: new Map(), problems: [] };

/** A path at which no file can exist. */
const NO_CONFIG = "/dev/null/openclaw.json";

/**
 * Loads the settings of a command: flag, then `OPENCLAW_SHIM_*`, then `--config FILE`, then OpenClaw's own config,
 * then default.
 *
 * @throws SettingsError with every problem of all layers
 */
export function loadSettings({ given, env, terminal }: Sources): Settings {
  const layers = [given, readEnvironment(env)];
  const config = findGiven(layers, "config");
  if (config?.texts[0]) layers.push(readSettingsFile(config.texts[0], config.from));
  // A damaged config of OpenClaw does not matter to users who name the gateway themselves.
  if (layers.every((layer) => !layer.given.has("gateway")))
    layers.push(readOpenclaw(env, listenersOf(layers)));
  const format = { from: "the terminal", texts: ["pretty"] };
  if (terminal) layers.push({ given: new Map([["logFormat", format]]), problems: [] });
  return resolveSettings(layers);
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

/** Returns the addresses to listen on that layers give, else the default ones, as far as the texts are valid. */
export function listenersOf(layers: readonly Layer[]): HostPort[] {
  const texts = findGiven(layers, "listen")?.texts ?? [];
  return texts.map(SETTINGS.listen.parse).flatMap((parsed) => ("value" in parsed ? [parsed.value] : []));
}
