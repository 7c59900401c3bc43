import { isRecord } from "../../src/text/json.ts";
import type { Behavior } from "./behaviors.ts";

/** The fields of `connect`'s params that the gateway reads. */
export interface ConnectParams {
  readonly minProtocol: number;
  readonly maxProtocol: number;
  readonly client: ConnectClient;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly auth: ConnectAuth;
  readonly device: DeviceProof | undefined;
}

export interface ConnectClient {
  readonly id: string;
  readonly version: string;
  readonly platform: string;
  readonly mode: string;
  readonly displayName?: string | undefined;
  readonly deviceFamily?: string | undefined;
  readonly buildId?: string | undefined;
}

export interface ConnectAuth {
  readonly token?: string | undefined;
  readonly deviceToken?: string | undefined;
  readonly bootstrapToken?: string | undefined;
}

export interface DeviceProof {
  readonly id: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly signedAt: number;
  readonly nonce: string;
}

/** OpenClaw `GATEWAY_CLIENT_IDS` and `GATEWAY_CLIENT_MODES`; other values are refused. */
const CLIENT_IDS = [
  "webchat-ui",
  "openclaw-control-ui",
  "openclaw-tui",
  "webchat",
  "cli",
  "gateway-client",
  "openclaw-macos",
  "openclaw-linux",
  "openclaw-ios",
  "openclaw-watchos",
  "openclaw-android",
  "node-host",
  "test",
  "fingerprint",
  "openclaw-probe",
];
const CLIENT_MODES = ["webchat", "cli", "ui", "backend", "node", "probe", "test"];

type Fields = Readonly<Record<string, unknown>>;

/** Messages that differ between the validators: Ajv, and since 2026.9 TypeBox. */
const MESSAGES = {
  3: {
    short: (at: string) => `at ${at}: must NOT have fewer than 1 characters`,
    unknown: (at: string) => `at ${at}: must be equal to constant; at ${at}: must match a schema in anyOf`,
  },
  4: {
    short: (at: string) => `at ${at}: must not have fewer than 1 characters`,
    unknown: (at: string) => `at ${at}: must be equal to one of the allowed values`,
  },
} as const;

class FieldError extends Error {
  readonly at: string;
  readonly problem: keyof (typeof MESSAGES)[3];

  constructor(at: string, problem: FieldError["problem"]) {
    super(`${at}: ${problem}`);
    this.at = at;
    this.problem = problem;
  }
}

/**
 * Reads `connect`'s params.
 * @throws TypeError with the gateway's message about the first problem.
 */
export function readConnectParams(value: unknown, behavior: Behavior): ConnectParams {
  try {
    return read(value, behavior.credentials);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new TypeError(MESSAGES[behavior.protocol][error.problem](error.at), { cause: error });
  }
}

function read(value: unknown, credentials: readonly string[]): ConnectParams {
  if (!isRecord(value)) throw new TypeError("must be object");
  const client = object(value, "client", "");
  const device = value["device"] === undefined ? undefined : object(value, "device", "");
  const auth = value["auth"] === undefined ? {} : object(value, "auth", "");
  const unknown = Object.keys(auth).find((name) => !credentials.includes(name));
  if (unknown !== undefined) throw new TypeError(`at /auth: unexpected property '${unknown}'`);
  return {
    minProtocol: integer(value, "minProtocol", ""),
    maxProtocol: integer(value, "maxProtocol", ""),
    client: {
      id: oneOf(CLIENT_IDS, text(client, "id", "/client"), "/client/id"),
      version: text(client, "version", "/client"),
      platform: text(client, "platform", "/client"),
      mode: oneOf(CLIENT_MODES, text(client, "mode", "/client"), "/client/mode"),
      displayName: optionalText(client, "displayName", "/client"),
      deviceFamily: optionalText(client, "deviceFamily", "/client"),
      buildId: optionalText(client, "buildId", "/client"),
    },
    role: optionalText(value, "role", "") ?? "operator",
    scopes: texts(value, "scopes"),
    auth: {
      token: optionalText(auth, "token", "/auth"),
      deviceToken: optionalText(auth, "deviceToken", "/auth"),
      bootstrapToken: optionalText(auth, "bootstrapToken", "/auth"),
    },
    device: device && {
      id: text(device, "id", "/device"),
      publicKey: text(device, "publicKey", "/device"),
      signature: text(device, "signature", "/device"),
      signedAt: integer(device, "signedAt", "/device"),
      nonce: text(device, "nonce", "/device"),
    },
  };
}

function object(from: Fields, name: string, at: string): Fields {
  const value = required(from, name, at);
  if (!isRecord(value)) throw new TypeError(`at ${at}/${name}: must be object`);
  return value;
}

function text(from: Fields, name: string, at: string): string {
  const value = required(from, name, at);
  if (typeof value !== "string") throw new TypeError(`at ${at}/${name}: must be string`);
  if (value === "") throw new FieldError(`${at}/${name}`, "short");
  return value;
}

function optionalText(from: Fields, name: string, at: string): string | undefined {
  const value = from[name];
  if (value === undefined || typeof value === "string") return value;
  throw new TypeError(`at ${at}/${name}: must be string`);
}

function integer(from: Fields, name: string, at: string): number {
  const value = required(from, name, at);
  if (typeof value !== "number" || !Number.isInteger(value))
    throw new TypeError(`at ${at}/${name}: must be integer`);
  return value;
}

function texts(from: Fields, name: string): string[] {
  const value = from[name] ?? [];
  if (!Array.isArray(value)) throw new TypeError(`at /${name}: must be array`);
  return value.map((item: unknown, index) => {
    if (typeof item !== "string") throw new TypeError(`at /${name}/${index}: must be string`);
    if (item === "") throw new FieldError(`/${name}/${index}`, "short");
    return item;
  });
}

function required(from: Fields, name: string, at: string): unknown {
  const value = from[name];
  if (value !== undefined) return value;
  const missing = `must have required property '${name}'`;
  throw new TypeError(at === "" ? missing : `at ${at}: ${missing}`);
}

function oneOf(allowed: readonly string[], value: string, at: string): string {
  if (allowed.includes(value)) return value;
  throw new FieldError(at, "unknown");
}
