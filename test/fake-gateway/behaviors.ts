import { holds } from "../../src/openclaw/releases.ts";

/** The releases that the fake gateway can simulate, one for each behavior (docs/gateway.md sections 1 and 2). */
export const FAKE_RELEASES = ["2026.2.19", "2026.3.23", "2026.4.5", "2026.9.6"] as const;
export type FakeRelease = (typeof FAKE_RELEASES)[number];

export type PairingReason = "not-paired" | "role-upgrade" | "scope-upgrade" | "metadata-upgrade";

/** What one release does differently from the others, in addition to the facts in src/openclaw/releases.ts. */
export interface Behavior {
  readonly release: FakeRelease;
  readonly protocol: 3 | 4;
  /** The entry of X-Forwarded-For from a trusted proxy that names the client. */
  readonly forwardedFor: "first" | "last";
  /** Largest frame before hello-ok, in bytes. */
  readonly preauthBytes: number;
  /** Most WebSockets before hello-ok; further upgrades are refused with 503. */
  readonly preauthSockets: number;
  /** Largest difference between `device.signedAt` and the gateway's clock, in milliseconds. */
  readonly skewMs: number;
  readonly signatures: readonly ("v2" | "v3")[];
  /** Fields that `auth` may contain; a connect with another one is refused. */
  readonly credentials: readonly string[];
  /** True if a local client may omit the nonce, as one that signs v1 does. */
  readonly nonceOptional: boolean;
  /** What the details of a refusal contain. */
  readonly errorDetails: "request-id" | "code" | "full";
  /** Pairing reasons for which a local client is paired silently. */
  readonly silent: readonly PairingReason[];
  /** True if pages (Origin present) other than the Control UI and webchat are never paired silently. */
  readonly asksForPages: boolean;
  /** A later request of a device leaves its pending one unchanged, or is merged with it. `silent: false` stays. */
  readonly pending: "first" | "merge";
  /** True if `operator.admin` covers the other scopes, and `operator.write` covers `operator.read`. */
  readonly impliedScopes: boolean;
  /** The scopes of a device token: those requested, or also those that they imply. */
  readonly tokenScopes: "requested" | "implied";
  /** True if a device that is approved for no scope gets a token. */
  readonly tokenWithoutScopes: boolean;
  /** True if a node on a desktop is paired with its platform's family although it sends none. */
  readonly namesNodeFamily: boolean;
  /** True if a paired device must keep the platform and device family that it was paired with. */
  readonly pinsMetadata: boolean;
  /** When a local `gateway-client` in mode `backend` with the shared token needs no pairing. */
  readonly trustsBackend: "never" | "unless-paired" | "always";
  /** True if the CLI with the shared token counts as local despite a Forwarded header, if Host is loopback. */
  readonly trustsContainerCli: boolean;
  /** Origins that are accepted although they are not in the list of allowed ones. */
  readonly originCheck: "loopback-host" | "local-client" | "local-client-or-private-host";
  /**
   * When a wrong `auth.token` counts as a failure of the shared token: if it cannot be a device token, always, or
   * if it turns out not to be a device token. Failures of device tokens are counted separately.
   */
  readonly countsToken: "without-device" | "always" | "unless-device-token";
  /** How failures of pages are counted. */
  readonly browserLimit: "none" | "together" | "by-origin";
  /** True if failures are counted without `gateway.auth.rateLimit` in the configuration. */
  readonly alwaysLimits: boolean;
  /** What an operator needs for an approval: nothing, the scopes that it grants, or also `operator.admin`. */
  readonly approval: "anyone" | "own-scopes" | "admin";
}

const SINCE_2026_3 = {
  protocol: 3,
  forwardedFor: "last",
  preauthBytes: 65_536,
  preauthSockets: 32,
  skewMs: 120_000,
  signatures: ["v3", "v2"],
  credentials: ["token", "bootstrapToken", "deviceToken", "password"],
  nonceOptional: false,
  asksForPages: true,
  pending: "merge",
  tokenScopes: "implied",
  tokenWithoutScopes: true,
  namesNodeFamily: false,
  pinsMetadata: true,
  trustsBackend: "always",
  trustsContainerCli: false,
  originCheck: "local-client",
  alwaysLimits: false,
  approval: "own-scopes",
} as const;

type Derived = "release" | "errorDetails" | "silent" | "impliedScopes";

/** OpenClaw `message-handler`, `net`, `origin-check` and `device-pairing` of each release, and docs/gateway.md. */
const DIFFERENCES: Readonly<Record<FakeRelease, Omit<Behavior, Derived>>> = {
  "2026.2.19": {
    protocol: 3,
    forwardedFor: "first",
    preauthBytes: 25 * 1024 * 1024,
    preauthSockets: Infinity,
    skewMs: 600_000,
    signatures: ["v2"],
    credentials: ["token", "password"],
    nonceOptional: true,
    asksForPages: false,
    pending: "first",
    tokenScopes: "requested",
    tokenWithoutScopes: true,
    namesNodeFamily: false,
    pinsMetadata: false,
    trustsBackend: "never",
    trustsContainerCli: false,
    originCheck: "loopback-host",
    countsToken: "without-device",
    browserLimit: "none",
    alwaysLimits: false,
    approval: "anyone",
  },
  "2026.3.23": {
    ...SINCE_2026_3,
    preauthSockets: Infinity,
    tokenWithoutScopes: false,
    countsToken: "without-device",
    browserLimit: "together",
  },
  "2026.4.5": {
    ...SINCE_2026_3,
    trustsBackend: "unless-paired",
    trustsContainerCli: true,
    countsToken: "always",
    browserLimit: "by-origin",
  },
  "2026.9.6": {
    ...SINCE_2026_3,
    protocol: 4,
    credentials: [...SINCE_2026_3.credentials, "approvalRuntimeToken", "agentRuntimeIdentityToken"],
    tokenScopes: "requested",
    namesNodeFamily: true,
    originCheck: "local-client-or-private-host",
    countsToken: "unless-device-token",
    browserLimit: "by-origin",
    alwaysLimits: true,
    approval: "admin",
  },
};

/** Releases that pair a local device silently for one more role. */
const SILENT_ROLE_UPGRADE: ReadonlySet<FakeRelease> = new Set(["2026.4.5", "2026.9.6"]);

/** Returns how a release behaves. */
export function behaviorOf(release: FakeRelease): Behavior {
  const differences = DIFFERENCES[release];
  const details = differences.protocol === 4 ? "full" : "code";
  return {
    ...differences,
    release,
    errorDetails: holds("detailsCode", release) ? details : "request-id",
    impliedScopes: holds("impliedScopes", release),
    silent: [
      "not-paired",
      ...(SILENT_ROLE_UPGRADE.has(release) ? (["role-upgrade"] as const) : []),
      ...(holds("scopeUpgradesRefused", release) ? [] : (["scope-upgrade"] as const)),
    ],
  };
}
