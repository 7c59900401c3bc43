import { SettingsError } from "../settings/settings-error.ts";
import { loadSettings, type Loaded } from "../settings/load.ts";
import { openclawProblem } from "../settings/openclaw-layer.ts";
import type { CommandContext } from "./command.ts";

/** No file can be there: what OpenClaw's config would say about the gateway's address is left out. */
const NO_CONFIG = "/dev/null/openclaw.json";

/**
 * Loads the settings of a command that has something to say without OpenClaw's config, too.
 *
 * @returns the settings; with `problem`, why they were loaded without OpenClaw's config
 * @throws SettingsError for every other problem
 */
export function loadDespiteOpenclaw(context: CommandContext): Loaded & { readonly problem?: string } {
  const { args, env, stdout, flags } = context;
  const sources = { args, env, terminal: stdout.isTTY };
  try {
    return loadSettings(sources, flags);
  } catch (error) {
    const problems = error instanceof SettingsError ? error.problems : [];
    const [problem] = problems.flatMap((one) => openclawProblem(one) ?? []);
    if (problem === undefined) throw error;
    const loaded = loadSettings({ ...sources, env: { ...env, OPENCLAW_CONFIG_PATH: NO_CONFIG } }, flags);
    return { ...loaded, problem };
  }
}
