const OPERATOR = "operator.";

/** What `operator.write` and `operator.read` stand for besides themselves. OpenClaw `operator-scope-compat.ts`. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  "operator.read": ["operator.write"],
  "operator.talk": ["operator.write"],
  "operator.sessions.write": ["operator.write"],
  "operator.sessions.read": ["operator.write", "operator.read", "operator.sessions.write"],
};

/** The first requested scope that the granted ones do not cover, or undefined. */
export function missingScope(
  requested: readonly string[],
  granted: readonly string[],
  implied: boolean,
): string | undefined {
  return requested.find((scope) => !granted.includes(scope) && !(implied && isImplied(scope, granted)));
}

function isImplied(scope: string, granted: readonly string[]): boolean {
  if (!scope.startsWith(OPERATOR)) return false;
  return granted.includes("operator.admin") || (IMPLIED[scope] ?? []).some((by) => granted.includes(by));
}

/** Both lists as one, each entry once, sorted. */
export function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}

/** The scopes with what they stand for, sorted. OpenClaw 2026.3's and 2026.4's `device-auth.ts`. */
export function withImplied(scopes: readonly string[]): string[] {
  if (scopes.includes("operator.admin")) return union(scopes, ["operator.read", "operator.write"]);
  return union(scopes, scopes.includes("operator.write") ? ["operator.read"] : []);
}
