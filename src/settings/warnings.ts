import { isLoopbackName } from "../net/authority.ts";
import { KNOWN_SCOPES, OPERATOR_SCOPES } from "../openclaw/scopes.ts";
import { closest } from "../text/closest.ts";
import type { SettingProblem } from "./settings-error.ts";
import type { Settings } from "./settings.ts";

const ROLES = ["operator", "node"] as const;
/** Names that OpenClaw knows; messages offer the usual ones. A gateway may know more, but it ignores a mistyped one. */
const KNOWN = {
  scope: { offered: OPERATOR_SCOPES, all: KNOWN_SCOPES },
  role: { offered: ROLES, all: ROLES },
} as const;

/**
 * Returns the settings that are valid, but probably do not do what their user expects.
 *
 * @param settings `listen` are the addresses that will be listened on, as far as they are known
 */
export function settingsWarnings(settings: Settings): SettingProblem[] {
  const { listen, allowFrom, forwarded, approveScopes, approveRoles } = settings;
  const warnings = unknownAccess("--approve-scopes", "scope", approveScopes);
  warnings.push(...unknownAccess("--approve-roles", "role", approveRoles));
  const setting = "--allow-from";
  const isPrivate = listen.length > 0 && listen.every(({ host }) => isLoopbackName(host));
  // With `--forwarded private` it also says which forwarded addresses are private.
  if (isPrivate && allowFrom.length > 0 && forwarded !== "private") {
    const problem = "has no effect, as only this machine can connect to a loopback address";
    const fix = "give --listen HOST:PORT with an address that these peers can reach, or leave it out";
    return [{ setting, value: allowFrom.join(", "), problem, fix }, ...warnings];
  }
  const everybody = allowFrom
    .filter((block) => block.endsWith("/0"))
    .map((value): SettingProblem => {
      const problem = "allows every address: to the gateway, all that can reach the shim are local";
      return { setting, value, problem, fix: "give only the addresses of your tools, such as 172.17.0.0/16" };
    });
  return [...everybody, ...warnings];
}

/** Returns a warning for each scope or role that OpenClaw is not known to have. */
export function unknownAccess(
  setting: string,
  what: keyof typeof KNOWN,
  names: readonly string[],
): SettingProblem[] {
  const { offered, all }: Readonly<Record<"offered" | "all", readonly string[]>> = KNOWN[what];
  const problem = `is not a known ${what} of OpenClaw, so it may grant nothing`;
  return names
    .filter((name) => !all.includes(name))
    .map((value) => {
      const meant = closest(value, offered);
      const hint = meant === undefined ? "" : `did you mean ${meant}? `;
      return { setting, value, problem, fix: `${hint}known are ${offered.join(", ")}` };
    });
}
