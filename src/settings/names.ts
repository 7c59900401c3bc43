import { closest } from "../text/closest.ts";
import type { SettingProblem } from "./settings-error.ts";

const ENVIRONMENT_PREFIX = "OPENCLAW_SHIM_";

/** `maxConnections` → `max-connections`: the flag without its dashes, and the key in a settings file. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxConnections` → `OPENCLAW_SHIM_MAX_CONNECTIONS`. */
export function environmentName(key: string): string {
  return ENVIRONMENT_PREFIX + flagName(key).replaceAll("-", "_").toUpperCase();
}

/** Returns true for the name of an environment variable that is meant for the shim. */
export function isOwnVariable(name: string): boolean {
  return name.startsWith(ENVIRONMENT_PREFIX);
}

/**
 * Returns the problem of an unknown name, with the one that was probably meant. A name that asks for a secret gets told
 * where secrets go. The value is never shown, as it could be one.
 *
 * @param setting the name, and its source, for the message
 * @param rows the settings that this source may set
 * @param nameOf returns how the user would write a key
 */
export function unknownName(
  name: string,
  setting: string,
  rows: readonly (readonly [key: string, row: unknown])[],
  nameOf: (key: string) => string,
): SettingProblem {
  const key = name.replace(ENVIRONMENT_PREFIX, "");
  if (/^(gateway|auth)?(token|password|secret)$/i.test(key.replace(/[-_]/g, ""))) {
    const fix = "use --token-file FILE or OPENCLAW_GATEWAY_TOKEN";
    return { setting, problem: "a secret is never a setting", fix };
  }
  const meant = closest(
    key,
    rows.map(([candidate]) => candidate),
  );
  const fix = meant === undefined ? "openclaw-shim --help lists them" : `did you mean ${nameOf(meant)}?`;
  return { setting, problem: "no such setting", fix };
}
