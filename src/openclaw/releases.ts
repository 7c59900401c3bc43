/** Consecutive releases: from the first, or the oldest, up to but not including `before`, or the newest. */
interface Span {
  readonly from?: string;
  readonly before?: string;
}

/** What differs between releases of OpenClaw. A span that begins with a month's first release was not narrowed down. */
const FACTS = {
  /** A local device that requests more scopes is refused; elsewhere it is paired silently (docs/gateway.md section 2). */
  scopeUpgradesRefused: [{ before: "2026.3.22" }, { from: "2026.3.28", before: "2026.8.1" }],
  /** No loopback connection is local if `gateway.trustedProxies` covers loopback (section 1). */
  trustedProxiesUnlocal: [{ before: "2026.4.1" }],
  /** A forwarding or proxy-identity header, empty ones too, is refused with HTTP 403 (sections 1 and 9). */
  forwardingRefused: [{ from: "2026.8.1" }],
  /** A Host that is not a loopback name makes a connection not local (section 1). */
  hostDecidesLocality: [{ before: "2026.4.1" }],
  /** `x-openclaw-scopes` on the upgrade limits the scopes of the connection (section 8). `src/ceiling/` relies on the same
   * releases in `forwardingRefused`. */
  scopeCeilingHeader: [{ from: "2026.8.1" }],
  /** A local `gateway-client`/`backend` without a device keeps its scopes (section 2). */
  backendKeepsScopes: [{ from: "2026.4.20" }],
  /** So does a local `cli`/`cli` (section 2). */
  cliKeepsScopes: [{ from: "2026.7.1" }],
  /** Local callers get the canvas without a token (section 4). */
  canvasWithoutToken: [{ before: "2026.3.23" }],
  /** Devices are stored in SQLite, no longer in `devices/*.json` (section 6). */
  sqliteState: [{ from: "2026.6.1" }],
  /** `controlUi.allowInsecureAuth` and `.dangerouslyDisableDeviceAuth` have no effect (section 9). */
  controlUiKeysRetired: [{ from: "2026.8.1" }],
  /** Refusals carry `details.code` (section 3). */
  detailsCode: [{ from: "2026.3.1" }],
  /** `operator.admin` and some other scopes cover further ones (OpenClaw `src/shared/operator-scope-compat.ts`). */
  impliedScopes: [{ from: "2026.3.1" }],
} as const satisfies Readonly<Record<string, readonly Span[]>>;

/** A difference between releases. */
export type ReleaseFact = keyof typeof FACTS;

/** What an unnamed gateway counts as: 2026.2.19 names itself `dev` if npm did not start it. */
const UNNAMED = "2026.2.19";

/** Orders releases: 2026.7.1, 2026.7.1-2 (a correction), 2026.7.33, 2026.10.1. A beta counts as its release. */
const ORDER = new Intl.Collator("en", { numeric: true });

/**
 * Returns true if a fact holds for a release.
 * @param version as in hello-ok; an absent or unknown one, such as `dev`, counts as 2026.2.19
 */
export function holds(fact: ReleaseFact, version: string | undefined): boolean {
  const release = isRelease(version) ? version : UNNAMED;
  const spans: readonly Span[] = FACTS[fact];
  return spans.some(
    ({ from = release, before }) =>
      ORDER.compare(release, from) >= 0 && (before === undefined || ORDER.compare(release, before) < 0),
  );
}

/** Returns true if a version names a release: `2026.9.6`, `2026.7.1-2`, `2026.9.6-beta.1`. */
export function isRelease(version: string | undefined): version is string {
  return version !== undefined && /^20\d\d\.\d{1,2}\.\d{1,3}(?:-[\w.]+)?$/.test(version);
}
