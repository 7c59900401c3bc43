import { fileURLToPath } from "node:url";
import { SettingsError } from "../../src/settings/settings-error.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { resolveOptions, type ShimOptions } from "../../src/settings/options.ts";
import type { Settings } from "../../src/settings/settings.ts";

/** The path of a file in `files/`. */
export function file(name: string): string {
  return fileURLToPath(new URL(`files/${name}`, import.meta.url));
}

/** Settings from flags and environment, with a home that has no OpenClaw. */
export function load(args: readonly string[], env: Record<string, string> = {}, terminal = false): Settings {
  return loadSettings({ args, env: { HOME: "/nonexistent", ...env }, terminal }).settings;
}

/** The problems of flags and environment; none where they hold. */
export function problems(args: readonly string[], env: Record<string, string> = {}): readonly string[] {
  return problemsOf(() => load(args, env));
}

/** The problems of the library's options. */
export function optionProblems(options: ShimOptions): readonly string[] {
  return problemsOf(() => resolveOptions(options));
}

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}
