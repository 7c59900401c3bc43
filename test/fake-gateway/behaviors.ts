/** The released gateways that the stand-in can be, one for each behaviour that changed (gateway.md sections 1 and 2). */
export const FAKE_RELEASES = ["2026.2.19", "2026.3.23", "2026.4.5", "2026.9.6"] as const;
export type FakeRelease = (typeof FAKE_RELEASES)[number];

export type PairingReason = "not-paired" | "role-upgrade" | "scope-upgrade" | "metadata-upgrade";

/** What sets one release apart from another; everything else is common to the four. */
export interface Behavior {
  readonly protocol: 3 | 4;
  /**
   * How a connection comes to be local: from the client's address and Host, with the first or the last entry of
   * X-Forwarded-For believed; from the socket and the absence of a few headers; or by attributing the ingress,
   * which refuses what it cannot attribute with HTTP 403.
   */
  readonly locality: "client-ip-first" | "client-ip-last" | "headers" | "attribution";
  /** Largest frame before hello-ok, in bytes. */
  readonly preauthBytes: number;
  /** Largest difference between `device.signedAt` and the gateway's clock. */
  readonly skewMs: number;
  readonly signatures: readonly ("v2" | "v3")[];
  /** What `auth` may hold; a connect with more in it is refused. */
  readonly credentials: readonly string[];
  /** Whether a local client may leave out the nonce, as one that signs v1 does. */
  readonly nonceOptional: boolean;
  /** Whether errors carry `details.code`, and how much a pairing refusal says. */
  readonly errorDetails: "request-id" | "code" | "full";
  /** Which upgrades a local client gets without asking anybody. */
  readonly silent: readonly PairingReason[];
  /** Whether a page (Origin present) other than the Control UI and webchat must always ask. */
  readonly browserMustAsk: boolean;
  /** The first pending request stays as it is, or later ones refresh or replace it. Either way it stays not silent. */
  readonly pending: "first" | "merge";
  /** Whether `operator.admin` covers the other scopes and `operator.write` covers `operator.read`. */
  readonly impliedScopes: boolean;
  /** Whether a device token's scopes hold what they imply, or what was asked for. */
  readonly tokenScopes: "asked" | "implied";
  /** Whether a device that is approved for no scope gets a token. */
  readonly tokenWithoutScopes: boolean;
  /** Whether a node on a desktop is paired with its platform's family, which it need not say. */
  readonly namesNodeFamily: boolean;
  /** Whether a paired device is held to the platform and device family that it was paired with. */
  readonly pinsMetadata: boolean;
  /** Whether a local `gateway-client` in mode `backend` with the shared token needs no pairing. */
  readonly trustsBackend: boolean;
  /** Whether the CLI with the shared token over loopback counts as local although a Forwarded header says otherwise. */
  readonly trustsContainerCli: boolean;
  /** Who is asked for an allowed Origin: the Control UI and webchat, or whoever sends one. */
  readonly originCheck: "loopback-host" | "local-client" | "local-client-or-private-host";
  /**
   * When a wrong `auth.token` counts as the gateway's: where it cannot be a device's, always, or once it has turned out
   * to be no device's either. Device tokens are counted apart.
   */
  readonly countsToken: "without-device" | "always" | "unless-device-token";
  /** Failures of pages are counted: not at all, together, or by their Origin. */
  readonly browserLimit: "none" | "together" | "by-origin";
  /** Whether failures are counted without `gateway.auth.rateLimit` in the configuration. */
  readonly alwaysLimits: boolean;
  /** Whether approving needs the caller to hold what it grants, and (`admin`) more than its own device. */
  readonly approval: "anyone" | "own-scopes" | "admin";
}

const MIB = 1024 * 1024;

/** OpenClaw `message-handler`, `net`, `origin-check` and `device-pairing` of each release, and gateway.md's measurements. */
export const RULES: Readonly<Record<FakeRelease, Behavior>> = {
  "2026.2.19": {
    protocol: 3,
    locality: "client-ip-first",
    preauthBytes: 25 * MIB,
    skewMs: 600_000,
    signatures: ["v2"],
    credentials: ["token", "password"],
    nonceOptional: true,
    errorDetails: "request-id",
    silent: ["not-paired"],
    browserMustAsk: false,
    pending: "first",
    impliedScopes: false,
    tokenScopes: "asked",
    tokenWithoutScopes: true,
    namesNodeFamily: false,
    pinsMetadata: false,
    trustsBackend: false,
    trustsContainerCli: false,
    originCheck: "loopback-host",
    countsToken: "without-device",
    browserLimit: "none",
    alwaysLimits: false,
    approval: "anyone",
  },
  "2026.3.23": {
    protocol: 3,
    locality: "client-ip-last",
    preauthBytes: 65_536,
    skewMs: 120_000,
    signatures: ["v3", "v2"],
    credentials: ["token", "bootstrapToken", "deviceToken", "password"],
    nonceOptional: false,
    errorDetails: "code",
    silent: ["not-paired", "scope-upgrade"],
    browserMustAsk: true,
    pending: "merge",
    impliedScopes: true,
    tokenScopes: "implied",
    tokenWithoutScopes: false,
    namesNodeFamily: false,
    pinsMetadata: true,
    trustsBackend: true,
    trustsContainerCli: false,
    originCheck: "local-client",
    countsToken: "without-device",
    browserLimit: "together",
    alwaysLimits: false,
    approval: "own-scopes",
  },
  "2026.4.5": {
    protocol: 3,
    locality: "headers",
    preauthBytes: 65_536,
    skewMs: 120_000,
    signatures: ["v3", "v2"],
    credentials: ["token", "bootstrapToken", "deviceToken", "password"],
    nonceOptional: false,
    errorDetails: "code",
    silent: ["not-paired", "role-upgrade"],
    browserMustAsk: true,
    pending: "merge",
    impliedScopes: true,
    tokenScopes: "implied",
    tokenWithoutScopes: true,
    namesNodeFamily: false,
    pinsMetadata: true,
    trustsBackend: true,
    trustsContainerCli: true,
    originCheck: "local-client",
    countsToken: "always",
    browserLimit: "by-origin",
    alwaysLimits: false,
    approval: "own-scopes",
  },
  "2026.9.6": {
    protocol: 4,
    locality: "attribution",
    preauthBytes: 65_536,
    skewMs: 120_000,
    signatures: ["v3", "v2"],
    credentials: [
      "token",
      "bootstrapToken",
      "deviceToken",
      "password",
      "approvalRuntimeToken",
      "agentRuntimeIdentityToken",
    ],
    nonceOptional: false,
    errorDetails: "full",
    silent: ["not-paired", "role-upgrade", "scope-upgrade"],
    browserMustAsk: true,
    pending: "merge",
    impliedScopes: true,
    tokenScopes: "asked",
    tokenWithoutScopes: true,
    namesNodeFamily: true,
    pinsMetadata: true,
    trustsBackend: true,
    trustsContainerCli: false,
    originCheck: "local-client-or-private-host",
    countsToken: "unless-device-token",
    browserLimit: "by-origin",
    alwaysLimits: true,
    approval: "admin",
  },
};
