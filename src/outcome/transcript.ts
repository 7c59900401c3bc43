import { isRecord } from "../text/json.ts";
import { printable } from "../text/printable.ts";
import { textWithoutSnapshot } from "../openclaw/snapshot.ts";
import type { Side } from "../upstream/splice.ts";

/** Who a client says it is (OpenClaw `connect` params). */
export interface ClientInfo {
  readonly id: string | undefined;
  readonly mode: string | undefined;
  readonly version: string | undefined;
  readonly platform: string | undefined;
}

/** What a client asked for in its `connect` request. Holds no credential, only which kinds were sent. */
export interface ConnectRequest {
  readonly id: string;
  readonly client: ClientInfo;
  readonly role: string | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly deviceId: string | undefined;
  readonly publicKey: string | undefined;
  readonly auth: readonly string[];
}

/** The gateway's answer to `connect`. */
export type ConnectAnswer =
  | {
      readonly ok: true;
      readonly version: string | undefined;
      readonly protocol: number | undefined;
      readonly role: string | undefined;
      readonly scopes: readonly string[] | undefined;
      readonly deviceTokenIssued: boolean;
    }
  | {
      readonly ok: false;
      readonly code: string;
      /** Read for its meaning only: a message may quote what the client sent. */
      readonly message: string;
      readonly detailsCode: string | undefined;
      readonly reason: string | undefined;
      readonly requestId: string | undefined;
      readonly deviceId: string | undefined;
      readonly retryAfterMs: number | undefined;
    };

/** What one gateway message means to the handshake. */
export type GatewayMessage =
  | { readonly kind: "challenge"; readonly nonce: string | undefined }
  | { readonly kind: "answer"; readonly id: string; readonly answer: ConnectAnswer }
  | { readonly kind: "other" };

/** Everything that was seen of one upgrade, by the time its outcome is judged. */
export interface Transcript {
  challenged: boolean;
  connect?: ConnectRequest;
  answer?: ConnectAnswer;
  /** Why this is not the gateway protocol. */
  foreign?: string;
  /** Whose message was none of it. */
  foreignBy?: Side;
  close?: { readonly by: Side; readonly code: number; readonly reason: string };
  http?: { readonly status: number; type?: string };
  unreachable?: { readonly code: string; readonly message: string };
  /** The side that ended first, once one has; `deadline` where both still stand after too long. */
  end?: Side | "deadline";
}

const TEXT_LIMIT = 128;
const LIST_LIMIT = 32;
const AUTH_KINDS = ["token", "password", "deviceToken", "bootstrapToken"] as const;

/** Reads a client's first text message; undefined if it is no `connect` request (gateway.md section 3). */
export function readConnect(data: Buffer): ConnectRequest | undefined {
  const frame = parse(data.toString("utf8"));
  const id = text(frame?.["id"]);
  if (frame?.["type"] !== "req" || frame["method"] !== "connect" || id === undefined) return undefined;
  const params = record(frame["params"]) ?? {};
  const device = record(params["device"]);
  const auth = record(params["auth"]);
  return {
    id,
    client: readClient(record(params["client"]) ?? {}),
    role: text(params["role"]),
    scopes: texts(params["scopes"]),
    deviceId: text(device?.["id"]),
    publicKey: text(device?.["publicKey"]),
    auth: AUTH_KINDS.filter((kind) => typeof auth?.[kind] === "string"),
  };
}

/** Reads a text message of the gateway before the handshake is over; undefined if it is not of its protocol. */
export function readGatewayMessage(data: Buffer): GatewayMessage | undefined {
  const frame = parse(textWithoutSnapshot(data));
  if (frame?.["type"] === "event") {
    if (frame["event"] !== "connect.challenge") return { kind: "other" };
    return { kind: "challenge", nonce: text(record(frame["payload"])?.["nonce"]) };
  }
  const id = text(frame?.["id"]);
  if (frame?.["type"] !== "res" || id === undefined) return undefined;
  const answer =
    frame["ok"] === true ? readHello(record(frame["payload"])) : readError(record(frame["error"]));
  return answer ? { kind: "answer", id, answer } : { kind: "other" };
}

/** The `error.type` of a JSON error body, such as `proxy_attribution_required`. */
export function readErrorType(body: Buffer): string | undefined {
  return text(record(parse(body.toString("utf8"))?.["error"])?.["type"]);
}

function readClient(client: Record<string, unknown>): ClientInfo {
  return {
    id: text(client["id"]),
    mode: text(client["mode"]),
    version: text(client["version"]),
    platform: text(client["platform"]),
  };
}

function readHello(payload: Record<string, unknown> | undefined): ConnectAnswer | undefined {
  if (payload?.["type"] !== "hello-ok") return undefined;
  const auth = record(payload["auth"]);
  const protocol = payload["protocol"];
  return {
    ok: true,
    version: text(record(payload["server"])?.["version"]),
    protocol: typeof protocol === "number" ? protocol : undefined,
    role: text(auth?.["role"]),
    scopes: texts(auth?.["scopes"]),
    deviceTokenIssued: typeof auth?.["deviceToken"] === "string",
  };
}

function readError(error: Record<string, unknown> | undefined): ConnectAnswer | undefined {
  if (!error) return undefined;
  const details = record(error["details"]);
  const retryAfterMs = error["retryAfterMs"];
  return {
    ok: false,
    code: text(error["code"]) ?? "UNKNOWN",
    message: text(error["message"]) ?? "",
    detailsCode: text(details?.["code"]),
    reason: text(details?.["reason"]),
    requestId: text(details?.["requestId"]),
    deviceId: text(details?.["deviceId"]),
    retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : undefined,
  };
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    return record(JSON.parse(json));
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> | undefined {
  return isRecord(value) ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? printable(value, TEXT_LIMIT) : undefined;
}

function texts(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, LIST_LIMIT).flatMap((item) => text(item) ?? []);
}
