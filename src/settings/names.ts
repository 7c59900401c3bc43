import { SETTING_ROWS, SETTINGS, type Setting, type SettingKey } from "./settings-table.ts";

const ENVIRONMENT_PREFIX = "OPENCLAW_SHIM_";

/** `maxConnections` → `max-connections`: the flag without its dashes, and the key in a settings file. */
export function flagName(key: SettingKey): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxConnections` → `OPENCLAW_SHIM_MAX_CONNECTIONS`. */
export function environmentName(key: SettingKey): string {
  return ENVIRONMENT_PREFIX + flagName(key).replaceAll("-", "_").toUpperCase();
}

/** Whether an environment variable is meant for the shim. */
export function isOwnVariable(name: string): boolean {
  return name.startsWith(ENVIRONMENT_PREFIX);
}

/** A row of the table as a row whose values have no type; the reader of one layer needs no more. */
export function settingFor(key: SettingKey): Setting<unknown> {
  return SETTINGS[key];
}

/** The keys that `nameOf` calls `name`: one or none. */
export function keyNamed(name: string, nameOf: (key: SettingKey) => string): SettingKey | undefined {
  return SETTING_ROWS.find(([key]) => nameOf(key) === name)?.[0];
}

/**
 * Why a name is refused, as the end of the sentence `name: …`. A name that asks for a secret gets told where secrets
 * go; the value is never shown, as it could be one.
 *
 * @param known the names that would have been right, spelled as the user would write them
 */
export function unknownName(name: string, known: readonly string[]): string {
  if (/^(gateway|auth)?(token|password|secret)$/i.test(bare(name))) {
    return "a secret is never a setting; use --token-file FILE or OPENCLAW_GATEWAY_TOKEN";
  }
  const close = closest(name, known);
  return `no such setting; ${close ? `did you mean ${close}?` : "openclaw-shim --help lists them"}`;
}

/** The one of `known` that `name` was most likely meant to be, if any is close. */
export function closest(name: string, known: readonly string[]): string | undefined {
  return known
    .map((candidate) => ({ candidate, distance: editDistance(bare(name), bare(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(bare(candidate).length / 3)))
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

/** A name without what only tells its layer: prefix, dashes, case. */
function bare(name: string): string {
  return name.replace(ENVIRONMENT_PREFIX, "").replace(/[-_]/g, "").toLowerCase().slice(0, 64);
}

/** Levenshtein: the insertions, deletions and substitutions that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const substituted = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
