/** A release of OpenClaw, as far as it is told from others here: 2026.9.6 is `{year: 2026, month: 9}`. */
export interface Release {
  readonly year: number;
  readonly month: number;
}

/** Reads a version such as `2026.9.6` or `2026.9.6-beta.1`. 2026.2 calls itself `dev` where npm did not start it. */
export function parseRelease(version: string | undefined): Release | undefined {
  const [, year, month] = /^(20\d\d)\.(\d{1,2})\./.exec(version ?? "") ?? [];
  return year === undefined ? undefined : { year: Number(year), month: Number(month) };
}

/** Whether it came out before a month. Who does not say its release is taken for an old one: 2026.2 is who does not. */
export function isBefore(release: Release | undefined, year: number, month: number): boolean {
  if (!release) return true;
  return release.year < year || (release.year === year && release.month < month);
}

/**
 * Whether a loopback connection is not local where `gateway.trustedProxies` covers loopback. Measured: so on 2026.2.19
 * and 2026.3.23; not so on 2026.4.5 and 2026.9.6 (gateway.md section 1).
 */
export function isTrappedByTrustedProxies(release: Release | undefined): boolean {
  return isBefore(release, 2026, 4);
}

/** Whether a pending request that was not silent stays so for a client that is local now (gateway.md section 2). */
export function keepsStickyRequests(release: Release | undefined): boolean {
  return isBefore(release, 2026, 9);
}

/** Whether a local device that asks for more scopes is refused; measured on 2026.2.19 and 2026.4.5. */
export function refusesScopeUpgrades(release: Release | undefined): boolean {
  return isBefore(release, 2026, 9) && !(release?.year === 2026 && release.month === 3);
}

/** Whether `operator.admin` stands for the other operator scopes: since 2026.3 (OpenClaw `operator-scope-compat.ts`). */
export function knowsImpliedScopes(release: Release | undefined): boolean {
  return !isBefore(release, 2026, 3);
}
