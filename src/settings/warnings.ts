import { isLoopbackName } from "../net/authority.ts";
import { OPERATOR_SCOPES } from "../openclaw/scopes.ts";
import { closest } from "./names.ts";
import type { Settings } from "./settings.ts";

/** OpenClaw's roles (gateway.md section 2). */
const ROLES = ["operator", "node"] as const;
/** Further scopes of OpenClaw 2026.9.6 (dist/), which `--help` does not offer. */
const OTHER_SCOPES = [
  "operator.questions",
  "operator.sessions.read",
  "operator.sessions.write",
  "operator.talk",
  "operator.talk.secrets",
] as const;

/**
 * Settings that hold, but do not do what their user may think: one line each.
 *
 * @param settings whose `listen` is what will be listened on
 */
export function settingsWarnings(
  settings: Pick<Settings, "listen" | "allowFrom" | "forwarded" | "approveScopes" | "approveRoles">,
): readonly string[] {
  return [
    ...idleAllowFrom(settings),
    ...unknownScopes("--approve-scopes", settings.approveScopes),
    ...unknownRoles("--approve-roles", settings.approveRoles),
  ];
}

/** With `--forwarded private` it also says which forwarded addresses are private. */
function idleAllowFrom({
  listen,
  allowFrom,
  forwarded,
}: Pick<Settings, "listen" | "allowFrom" | "forwarded">): string[] {
  if (allowFrom.length === 0 || forwarded === "private") return [];
  if (!listen.every(({ host }) => isLoopbackName(host))) return [];
  return [
    `--allow-from ${allowFrom.join(", ")} has no effect: nobody but this machine reaches a loopback address; ` +
      "give --listen HOST:PORT with an address that they reach, or leave it out",
  ];
}

/** A gateway may know scopes that are not known here: so they are taken, but a mistyped one grants nothing. */
export function unknownScopes(from: string, scopes: readonly string[]): readonly string[] {
  return unknown(from, "scope", scopes, OPERATOR_SCOPES, OTHER_SCOPES);
}

/** As for scopes. */
function unknownRoles(from: string, roles: readonly string[]): readonly string[] {
  return unknown(from, "role", roles, ROLES, []);
}

function unknown(
  from: string,
  what: string,
  names: readonly string[],
  known: readonly string[],
  others: readonly string[],
): string[] {
  return names
    .filter((name) => !known.includes(name) && !others.includes(name))
    .map((name) => {
      const close = closest(name, known);
      const meant = close === undefined ? "" : `did you mean ${close}? `;
      return `${from}: "${name}" is no ${what} that OpenClaw is known to have, so it may grant nothing; ${meant}known are ${known.join(", ")}`;
    });
}
