import { fileURLToPath } from "node:url";
import { readArguments } from "../../src/settings/arguments.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { resolveOptions, type ShimOptions } from "../../src/settings/options.ts";
import { problemLine, SettingsError } from "../../src/settings/settings-error.ts";
import type { Settings } from "../../src/settings/settings.ts";

/** The path of a file in `files/`. */
export function file(name: string): string {
  return fileURLToPath(new URL(`files/${name}`, import.meta.url));
}

/** Settings from flags and environment, with a home that has no OpenClaw. */
export async function load(args: readonly string[], env: Record<string, string> = {}): Promise<Settings> {
  const { given } = readArguments(args, {});
  return loadSettings({ given, env: { HOME: "/nonexistent", ...env } });
}

/** The problems of flags and environment; none where they hold. */
export function problems(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<readonly string[]> {
  return problemsOf(() => load(args, env));
}

/** The problems of the library's options. */
export function optionProblems(options: ShimOptions): Promise<readonly string[]> {
  return problemsOf(() => resolveOptions(options));
}

async function problemsOf(action: () => unknown): Promise<readonly string[]> {
  try {
    await action();
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(problemLine);
    throw error;
  }
}
