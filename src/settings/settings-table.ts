import { gatewayAddress, listenAddress } from "./addresses.ts";
import { browserOrigin, cidr, hostName } from "./allow.ts";
import { accessName, boolean, choice, duration, fingerprint, integer, path, type Parsed } from "./values.ts";
import { OPERATOR_SCOPES } from "../openclaw/scopes.ts";

/** One setting: all that flags, environment, file, library and `--help` know about it. */
export interface Setting<T> {
  /** What stands for the value in `--help`; a setting without one is a switch. */
  readonly metavar?: string;
  /** May be given more than once; each text is one item. */
  readonly repeatable?: true;
  /** The texts that count where nothing is given. */
  readonly default?: readonly string[];
  /** How `--help` writes a default that is too long for a line. */
  readonly defaultNote?: string;
  /** Where it may be set: `cli` is flag and environment, `process` those and the file, else the library too. */
  readonly scope?: "cli" | "process";
  /** A number without a unit, which only the library may give, is in milliseconds. */
  readonly duration?: true;
  readonly parse: (text: string) => Parsed<T>;
  /** One line, without the default. */
  readonly help: string;
}

/** Keeps the type of the value while checking the shape. */
function setting<T>(entry: Setting<T>): Setting<T> {
  return entry;
}

/** Every setting, under its name in the library; `names.ts` derives flag and environment names from it. */
export const SETTINGS = {
  listen: setting({
    metavar: "HOST:PORT",
    repeatable: true,
    default: ["127.0.0.1:18788", "[::1]:18788"],
    parse: listenAddress,
    help: "where tools connect",
  }),
  gateway: setting({
    metavar: "URL",
    default: ["ws://127.0.0.1:18789"],
    parse: gatewayAddress,
    help: "the gateway, ws:// or wss://",
  }),
  allowRemoteGateway: setting({
    default: ["false"],
    parse: boolean,
    help: "let --gateway be on another machine",
  }),
  gatewayFingerprint: setting({
    metavar: "sha256:HEX",
    parse: fingerprint,
    help: "certificate of a self-signed wss:// gateway",
  }),
  allowFrom: setting({
    metavar: "CIDR",
    repeatable: true,
    parse: cidr,
    help: "TCP peers beyond loopback that may connect",
  }),
  allowHost: setting({
    metavar: "NAME",
    repeatable: true,
    parse: hostName,
    help: "further Host names for browsers and HTTP clients",
  }),
  allowOrigin: setting({
    metavar: "ORIGIN",
    repeatable: true,
    parse: browserOrigin,
    help: "further browser origins to vouch for",
  }),
  forwarded: setting({
    metavar: "strip|private|reject",
    default: ["strip"],
    parse: choice("strip", "private", "reject"),
    help: "requests with forwarding headers",
  }),
  hold: setting({
    metavar: "DURATION",
    default: ["10s"],
    duration: true,
    parse: duration("10m"),
    help: "how long an upgrade waits for a gateway that is not up yet",
  }),
  drain: setting({
    metavar: "DURATION",
    default: ["5s"],
    duration: true,
    parse: duration("10m"),
    help: "how long open connections may finish after SIGTERM",
  }),
  maxConnections: setting({
    metavar: "N",
    default: ["512"],
    parse: integer(1, 65_535),
    help: "beyond it: 503",
  }),
  approve: setting({
    metavar: "off|seen",
    default: ["off"],
    parse: choice("off", "seen"),
    help: "approve devices that the shim itself just saw refused",
  }),
  approveScopes: setting({
    metavar: "SCOPE",
    repeatable: true,
    default: OPERATOR_SCOPES,
    defaultNote: "the five operator scopes",
    parse: accessName,
    help: "the most that --approve may grant",
  }),
  approveRoles: setting({
    metavar: "ROLE",
    repeatable: true,
    default: ["operator"],
    parse: accessName,
    help: "the roles that --approve may grant",
  }),
  tokenFile: setting({
    metavar: "FILE",
    parse: path,
    help: "the gateway's token, for doctor and --approve",
  }),
  logLevel: setting({
    metavar: "LEVEL",
    scope: "process",
    default: ["info"],
    parse: choice("trace", "debug", "info", "warn", "error", "silent"),
    help: "trace, debug, info, warn, error or silent",
  }),
  logFormat: setting({
    metavar: "json|pretty",
    scope: "process",
    parse: choice("json", "pretty"),
    help: "pretty on a terminal, else json",
  }),
  config: setting({
    metavar: "FILE",
    scope: "cli",
    parse: path,
    help: "JSON5 file with settings, named as the flags are",
  }),
};

export type SettingKey = keyof typeof SETTINGS;

/** The table as rows, for those who do not care about the type of the value. */
export const SETTING_ROWS: readonly (readonly [SettingKey, Setting<unknown>])[] = rows(SETTINGS);

function rows(table: Readonly<Record<SettingKey, Setting<unknown>>>): [SettingKey, Setting<unknown>][] {
  const isKey = (key: string): key is SettingKey => Object.hasOwn(table, key);
  return Object.keys(table)
    .filter(isKey)
    .map((key) => [key, table[key]]);
}
