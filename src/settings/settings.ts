/** An address to listen on. `optional` ones (the default `[::1]`) are skipped where the machine cannot bind them. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly optional?: boolean;
}

/** Where the gateway is and what it calls itself. */
export interface GatewayAddress {
  /** As given, normalized, always with its port: `ws://127.0.0.1:18789`. */
  readonly url: string;
  /** For `net.connect`: no brackets around IPv6. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The `Host` it expects: `127.0.0.1:18789`, `[::1]:18789`. RFC 9112 section 3.2. */
  readonly authority: string;
  /** The origin of its own pages: `http://127.0.0.1:18789`. RFC 6454 section 6.2. */
  readonly origin: string;
  /** SHA-256 of its certificate, lower-case hex without colons; only with `tls`. */
  readonly fingerprint?: string;
}

/** What becomes of requests that carry forwarding headers (README, Settings). */
export type ForwardedPolicy = "strip" | "private" | "reject";
/** Whether devices are approved that this shim itself just saw refused. */
export type ApprovePolicy = "off" | "seen";
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";
export type LogFormat = "json" | "pretty";

/** All settings, checked and frozen. Durations are in milliseconds. Holds no secret. */
export interface Settings {
  readonly listen: readonly ListenAddress[];
  readonly gateway: GatewayAddress;
  /** CIDR blocks besides loopback, as given. */
  readonly allowFrom: readonly string[];
  /** Host names, lower-case, without port. */
  readonly allowHost: readonly string[];
  /** Serialized origins, as RFC 6454 section 6.2 has them. */
  readonly allowOrigin: readonly string[];
  readonly forwarded: ForwardedPolicy;
  readonly holdMs: number;
  readonly drainMs: number;
  readonly maxConnections: number;
  readonly approve: ApprovePolicy;
  readonly approveScopes: readonly string[];
  readonly approveRoles: readonly string[];
  readonly tokenFile?: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}
