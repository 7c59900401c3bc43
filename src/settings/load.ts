import { listenAddress } from "./addresses.ts";
import type { Environment } from "../openclaw/config.ts";
import { readEnvironment } from "./environment.ts";
import { SettingsError } from "./settings-error.ts";
import { readSettingsFile } from "./file.ts";
import { readFlags, type CommandFlag } from "./flags.ts";
import type { Layer } from "./layer.ts";
import { readOpenclaw } from "./openclaw-layer.ts";
import { resolveSettings } from "./resolve.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import { SETTINGS } from "./settings-table.ts";

/** Where a command's settings come from. */
export interface Sources {
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** Whether stdout is a terminal: the default of `--log-format` hangs on it. */
  readonly terminal: boolean;
}

/** A command's settings, and the flags that only it has: the texts of each as given, none for a switch. */
export interface Loaded {
  readonly settings: Settings;
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

/**
 * Loads the settings of a command: flag, then `OPENCLAW_SHIM_*`, then `--config FILE`, then OpenClaw's own config,
 * then default.
 *
 * @throws SettingsError with every problem of all layers
 */
export function loadSettings(sources: Sources, commandFlags: readonly CommandFlag[] = []): Loaded {
  const flags = readFlags(sources.args, commandFlags);
  const layers: Layer[] = [flags, readEnvironment(sources.env)];
  const config = layers.map((layer) => layer.given.get("config")).find((given) => given !== undefined);
  if (config) layers.push(readSettingsFile(config.texts[0] ?? "", config.from));
  // A damaged config of OpenClaw's is no concern of those who say themselves where the gateway is.
  if (!layers.some((layer) => layer.given.has("gateway"))) {
    layers.push(readOpenclaw(sources.env, listenersOf(layers)));
  }
  const resolved = resolveSettings(layers, sources.terminal ? "pretty" : "json");
  if ("problems" in resolved) throw new SettingsError(resolved.problems);
  return { settings: resolved.settings, flags: flags.flags };
}

/**
 * Where the shim is to listen by what was given, else by default, as far as the texts hold: what is wrong with the
 * others is told where they are used.
 */
export function listenersOf(layers: readonly Layer[]): ListenAddress[] {
  const given = layers.map((layer) => layer.given.get("listen")).find((found) => found !== undefined);
  return (given?.texts ?? SETTINGS.listen.default ?? []).flatMap((text) => {
    const parsed = listenAddress(text);
    return "value" in parsed ? [parsed.value] : [];
  });
}
