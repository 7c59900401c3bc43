import { isLoopbackName } from "../net/authority.ts";
import { OPERATOR_SCOPES } from "../openclaw/scopes.ts";
import { closest } from "../text/closest.ts";
import type { SettingProblem } from "./settings-error.ts";
import type { Settings } from "./settings.ts";

/** OpenClaw's roles (docs/gateway.md section 2). */
const ROLES = ["operator", "node"];
/** Further scopes of OpenClaw 2026.9.6 (dist/), which `--help` does not offer. */
const OTHER_SCOPES = new Set([
  "operator.questions",
  "operator.sessions.read",
  "operator.sessions.write",
  "operator.talk",
  "operator.talk.secrets",
]);

/**
 * Returns the settings that are valid, but probably do not do what their user expects.
 *
 * @param settings `listen` are the addresses that will be listened on
 */
export function settingsWarnings(
  settings: Pick<Settings, "listen" | "allowFrom" | "forwarded" | "approveScopes" | "approveRoles">,
): readonly SettingProblem[] {
  const { listen, allowFrom, forwarded, approveScopes, approveRoles } = settings;
  const loopbackOnly = listen.every(({ host }) => isLoopbackName(host));
  // With `--forwarded private` it also says which forwarded addresses are private.
  const idle = allowFrom.length > 0 && forwarded !== "private" && loopbackOnly;
  return [
    ...(idle ? [idleAllowFrom(allowFrom)] : []),
    ...unknownScopes("--approve-scopes", approveScopes),
    ...approveRoles
      .filter((role) => !ROLES.includes(role))
      .map((role) => unknownAccess("--approve-roles", "role", role, ROLES)),
  ];
}

function idleAllowFrom(allowFrom: readonly string[]): SettingProblem {
  return {
    setting: "--allow-from",
    value: allowFrom.join(", "),
    problem: "has no effect, as only this machine can connect to a loopback address",
    fix: "give --listen HOST:PORT with an address that these peers can reach, or leave it out",
  };
}

/** Returns the scopes that are not known: a gateway may know them, but it ignores a mistyped one. */
export function unknownScopes(setting: string, scopes: readonly string[]): readonly SettingProblem[] {
  const known: readonly string[] = OPERATOR_SCOPES;
  return scopes
    .filter((scope) => !known.includes(scope) && !OTHER_SCOPES.has(scope))
    .map((scope) => unknownAccess(setting, "scope", scope, known));
}

function unknownAccess(
  setting: string,
  what: "role" | "scope",
  value: string,
  known: readonly string[],
): SettingProblem {
  const meant = closest(value, known);
  return {
    setting,
    value,
    problem: `is not a known ${what} of OpenClaw, so it may grant nothing`,
    fix: `${meant === undefined ? "" : `did you mean ${meant}? `}known are ${known.join(", ")}`,
  };
}
