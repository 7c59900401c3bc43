import { holds } from "./releases.ts";

/** The scopes of an operator that may do everything, as OpenClaw's own tools request them (docs/gateway.md section 2). */
export const OPERATOR_SCOPES = [
  "operator.admin",
  "operator.approvals",
  "operator.pairing",
  "operator.read",
  "operator.write",
] as const;

/** Every scope of an operator that OpenClaw 2026.9.6 knows (`src/gateway/operator-scopes.ts`), the usual ones first. */
export const KNOWN_SCOPES = [
  ...OPERATOR_SCOPES,
  "operator.questions",
  "operator.sessions.read",
  "operator.sessions.write",
  "operator.talk",
  "operator.talk.secrets",
] as const;

/** Scopes that a lesser scope than `operator.admin` covers, too (OpenClaw `src/shared/operator-scope-compat.ts`). */
const COVERED_BY: Readonly<Record<string, readonly string[]>> = {
  "operator.read": ["operator.write"],
  "operator.talk": ["operator.write"],
  "operator.sessions.write": ["operator.write"],
  "operator.sessions.read": ["operator.write", "operator.read", "operator.sessions.write"],
};

/** Returns true if `held` names a scope, or holds `operator.admin`, which covers every scope of an operator. */
export function adminCovers(held: readonly string[], scope: string): boolean {
  return held.includes(scope) || (held.includes("operator.admin") && scope.startsWith("operator."));
}

/** Returns the clients, as `id/mode`, that keep their scopes on a release if they are local and send no device. */
export function keepScopesWithoutDevice(version: string | undefined): readonly string[] {
  return [
    ...(holds("backendKeepsScopes", version) ? ["gateway-client/backend"] : []),
    ...(holds("cliKeepsScopes", version) ? ["cli/cli"] : []),
  ];
}

/** Returns true if `held` grants a scope on releases with implied scopes. */
export function coversScope(held: readonly string[], scope: string): boolean {
  if (adminCovers(held, scope)) return true;
  return Object.hasOwn(COVERED_BY, scope) && (COVERED_BY[scope] ?? []).some((by) => held.includes(by));
}
