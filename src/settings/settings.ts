import { KNOWN_SCOPES, OPERATOR_SCOPES } from "../openclaw/scopes.ts";
import {
  accessName,
  addressOrPort,
  browserOrigin,
  choice,
  cidr,
  connectionCount,
  duration,
  fingerprint,
  gatewayAddress,
  headerName,
  hostName,
  listenAddresses,
} from "./parsers.ts";
import type { FlagTable, SettingRow, Values } from "./setting-row.ts";

export type { GatewayAddress } from "./parsers.ts";

/** A row whose value is one of `words`, by default the first. */
const oneOf = <const T extends readonly string[]>(...words: T) => ({
  metavar: words.join("|"),
  default: words.slice(0, 1),
  parse: choice(...words),
});
const DURATION = { metavar: "DURATION", parse: duration } as const;

/**
 * Every setting, under its name in the library. Flags, environment names, keys of the settings file, `ShimOptions`,
 * `Settings`, `--help` and docs/settings.md follow from this table. Comments here document the library's options.
 */
export const SETTINGS = {
  /** `HOST:PORT`, or a loopback port; 0 is any free port. Default 127.0.0.1:18788, and [::1]:18788 if IPv6 loopback exists. */
  listen: {
    metavar: "[HOST:]PORT",
    repeatable: true,
    default: ["127.0.0.1:18788", "[::1]:18788"],
    parse: listenAddresses,
    help: "where tools connect",
  },
  /** `ws://` or `wss://` URL of the gateway. Default ws://127.0.0.1:18789. */
  gateway: {
    metavar: "URL",
    default: ["ws://127.0.0.1:18789"],
    parse: gatewayAddress,
    help: "the gateway, ws:// or wss://",
  },
  /** Allow `gateway` to be on another machine. */
  allowRemoteGateway: { help: "allow --gateway to be on another machine" },
  /** `sha256:HEX` of the certificate of a self-signed `wss://` gateway. */
  gatewayFingerprint: {
    metavar: "sha256:HEX",
    parse: fingerprint,
    help: "certificate of a self-signed wss:// gateway",
  },
  /** Addresses or CIDR blocks of TCP peers that may connect, besides loopback. */
  allowFrom: {
    metavar: "CIDR",
    repeatable: true,
    defaultNote: "loopback",
    parse: cidr,
    help: "TCP peers beyond loopback that may connect",
  },
  /** Further Host names that browsers and HTTP clients may use. */
  allowHost: {
    metavar: "NAME",
    repeatable: true,
    defaultNote: "the listener's own names",
    parse: hostName,
    help: "further Host names to accept",
  },
  /** Further browser origins that are treated as the gateway's own, serialized: `https://app.example`. */
  allowOrigin: {
    metavar: "ORIGIN",
    repeatable: true,
    defaultNote: "the listener's own origins",
    parse: browserOrigin,
    help: "further trusted browser origins",
  },
  /** What to do with requests that carry forwarding headers. Default `strip`. */
  forwarded: { ...oneOf("strip", "private", "reject"), help: "what to do with forwarding headers" },
  /** Further request headers to delete, besides the forwarding and proxy-identity headers of docs/headers.md. */
  strip: {
    metavar: "NAME",
    repeatable: true,
    parse: headerName,
    help: "further headers to treat as forwarding headers",
  },
  /** The most that any connection gets: operator scopes. `operator.admin` covers all of them. Default: no limit. */
  maxScopes: {
    metavar: "SCOPE",
    repeatable: true,
    defaultNote: "no limit",
    parse: choice(...KNOWN_SCOPES),
    help: "the most that any connection gets",
  },
  /** How long an upgrade waits for a gateway that is not up yet: `10s`, or a number of milliseconds. Default 10s. */
  hold: { ...DURATION, default: ["10s"], help: "how long a request waits for a gateway that is not up yet" },
  /** How long open connections may finish on `close()`: `5s`, or a number of milliseconds. Default 5s. */
  drain: { ...DURATION, default: ["5s"], help: "how long open connections may finish after SIGTERM" },
  /** The most connections at a time; further ones get 503. Default 512. */
  maxConnections: { metavar: "N", default: ["512"], parse: connectionCount, help: "beyond it: 503" },
  /** `seen` approves devices that this shim itself just saw refused. Default `off`. */
  approve: { ...oneOf("off", "seen"), help: "approve devices that this shim itself just saw refused" },
  /** The most that `approve` may grant. Default: the five operator scopes. */
  approveScopes: {
    metavar: "SCOPE",
    repeatable: true,
    default: OPERATOR_SCOPES,
    defaultNote: "the five operator scopes",
    parse: accessName,
    help: "the most that --approve may grant",
  },
  /** The roles that `approve` may grant. Default `operator`. */
  approveRoles: {
    metavar: "ROLE",
    repeatable: true,
    default: ["operator"],
    parse: accessName,
    help: "the roles that --approve may grant",
  },
  /** File with the gateway's token, for `approve`; mode 0600. */
  tokenFile: { metavar: "FILE", help: "the gateway's token, for doctor and --approve" },
  /** A second listener with health and metrics only: `HOST:PORT`, of any address of this machine, or a port of 127.0.0.1. */
  metricsListen: {
    metavar: "[HOST:]PORT",
    parse: addressOrPort,
    help: "a second listener, with health and metrics only",
  },
  logLevel: {
    metavar: "LEVEL",
    scope: "process",
    default: ["info"],
    parse: choice("debug", "info", "warn", "error", "silent"),
    help: "debug, info, warn, error or silent",
  },
  logFormat: {
    metavar: "json|pretty",
    scope: "process",
    defaultNote: "pretty on a terminal, else json",
    parse: choice("json", "pretty"),
    help: "form of log lines",
  },
  config: { metavar: "FILE", scope: "cli", help: "JSON5 file with settings, named as the flags are" },
} as const satisfies FlagTable;

/** The table as rows. */
export const SETTING_ROWS: readonly (readonly [string, SettingRow])[] = Object.entries(SETTINGS);

/** All settings, checked and frozen; those about the gateway are in `gateway`. Durations are in milliseconds. No secret. */
export type Settings = Omit<Values<typeof SETTINGS>, "allowRemoteGateway" | "config" | "gatewayFingerprint">;
export type ForwardedPolicy = Settings["forwarded"];
export type ApprovePolicy = Settings["approve"];
