import { isRecord, textsIn } from "../text/json.ts";
import { printable } from "../text/printable.ts";
import { textWithoutSnapshot } from "./snapshot.ts";

// OpenClaw's protocol on the wire (docs/gateway.md section 3). The readers never throw. Texts that they return are
// printable and capped, except in `GatewayError` and payloads, and none is a credential.

type Fields = Readonly<Record<string, unknown>>;

/** A frame from a gateway. */
export type GatewayFrame =
  | { readonly type: "event"; readonly event: string; readonly payload: unknown }
  | { readonly type: "res"; readonly id: string; readonly ok: true; readonly payload: unknown }
  | { readonly type: "res"; readonly id: string; readonly ok: false; readonly error?: GatewayError };

/** `error` of a response as received: for clients, not for logs. */
export interface GatewayError {
  readonly code: string;
  readonly message: string;
  readonly details?: Fields;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
}

/** A request frame of a client. */
export interface RequestFrame {
  readonly id: string;
  readonly method: string;
  readonly params: unknown;
}

/** What a client calls itself. */
export interface ClientInfo {
  readonly id: string | undefined;
  readonly mode: string | undefined;
  readonly version: string | undefined;
  readonly platform: string | undefined;
}

/** A `connect` request without its credentials: only which kinds of them were sent. */
export interface ConnectRequest {
  readonly id: string;
  readonly client: ClientInfo;
  readonly role: string | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly deviceId: string | undefined;
  readonly publicKey: string | undefined;
  readonly auth: readonly string[];
}

/** hello-ok. */
export interface HelloOk {
  readonly ok: true;
  readonly version: string | undefined;
  readonly protocol: number | undefined;
  readonly role: string | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly deviceTokenIssued: boolean;
}

/** The refusal of `connect`. */
export interface ConnectError {
  readonly ok: false;
  readonly code: string;
  /** Not for logs: a message may quote what the client sent. */
  readonly message: string;
  readonly detailsCode: string | undefined;
  readonly reason: string | undefined;
  readonly requestId: string | undefined;
  readonly deviceId: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** The gateway's response to `connect`. */
export type ConnectResponse = HelloOk | ConnectError;

/** What one message of a gateway means to the handshake. */
export type GatewayMessage =
  | { readonly kind: "challenge"; readonly nonce: string | undefined }
  | { readonly kind: "response"; readonly id: string; readonly response: ConnectResponse }
  | { readonly kind: "other" };

/** A pending pairing request, as `device.pair.list` and `device.pair.requested` carry it; its texts are as received. */
export interface PendingRequest {
  readonly requestId: string;
  readonly deviceId: string;
  readonly publicKey: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** The gateway would approve it without asking: the device has been local in all its attempts. */
  readonly silent: boolean;
}

const TEXT_LIMIT = 128;
const LIST_LIMIT = 32;
const CREDENTIALS = ["token", "password", "deviceToken", "bootstrapToken"] as const;

/** Parses a text frame from a gateway; returns undefined if it is not of this protocol. */
export function parseGatewayFrame(json: string): GatewayFrame | undefined {
  const frame = parseJson(json);
  const { type, event, id, ok, payload, error } = fieldsOf(frame);
  if (type === "event") return { type, event: typeof event === "string" ? event : "", payload };
  if (type !== "res" || typeof id !== "string") return undefined;
  return ok === true ? { type, id, ok, payload } : { type, id, ok: false, ...readError(error) };
}

/** Reads the fields of a request frame; returns undefined if it is not one. */
export function readRequestFrame(frame: unknown): RequestFrame | undefined {
  const { type, id, method, params } = fieldsOf(frame);
  if (type !== "req" || typeof id !== "string" || typeof method !== "string") return undefined;
  return { id, method, params };
}

/** Reads a client's first message; returns undefined if it is not a `connect` request. */
export function readConnect(data: Buffer): ConnectRequest | undefined {
  const frame = readRequestFrame(parseJson(data.toString("utf8")));
  if (frame?.method !== "connect") return undefined;
  const params = fieldsOf(frame.params);
  const [client, device, auth] = [params["client"], params["device"], params["auth"]].map(fieldsOf);
  return {
    id: printable(frame.id, TEXT_LIMIT),
    client: {
      id: text(client?.["id"]),
      mode: text(client?.["mode"]),
      version: text(client?.["version"]),
      platform: text(client?.["platform"]),
    },
    role: text(params["role"]),
    scopes: texts(params["scopes"]),
    deviceId: text(device?.["id"]),
    publicKey: text(device?.["publicKey"]),
    auth: CREDENTIALS.filter((kind) => typeof auth?.[kind] === "string"),
  };
}

/** Reads a gateway's message before the end of the handshake; returns undefined if it is not of this protocol. */
export function readGatewayMessage(data: Buffer): GatewayMessage | undefined {
  const frame = parseGatewayFrame(textWithoutSnapshot(data));
  if (!frame) return undefined;
  if (frame.type === "event") {
    return frame.event === "connect.challenge"
      ? { kind: "challenge", nonce: readNonce(frame.payload) }
      : { kind: "other" };
  }
  const response = frame.ok ? readHello(frame.payload) : frame.error && readConnectError(frame.error);
  return response ? { kind: "response", id: printable(frame.id, TEXT_LIMIT), response } : { kind: "other" };
}

/** Reads the nonce of a `connect.challenge` payload. */
export function readNonce(payload: unknown): string | undefined {
  return text(fieldsOf(payload)["nonce"]);
}

/** Reads the payload of hello-ok; returns undefined if it is another one. */
export function readHello(payload: unknown): HelloOk | undefined {
  const { type, protocol, server, auth } = fieldsOf(payload);
  if (type !== "hello-ok") return undefined;
  const { role, scopes, deviceToken } = fieldsOf(auth);
  return {
    ok: true,
    version: text(fieldsOf(server)["version"]),
    protocol: typeof protocol === "number" ? protocol : undefined,
    role: text(role),
    scopes: texts(scopes),
    deviceTokenIssued: typeof deviceToken === "string",
  };
}

/** Reads the gateway's refusal of `connect`. */
export function readConnectError({ code, message, details, retryAfterMs }: GatewayError): ConnectError {
  return {
    ok: false,
    code: printable(code, TEXT_LIMIT),
    message: printable(message, TEXT_LIMIT),
    detailsCode: text(details?.["code"]),
    reason: text(details?.["reason"]),
    requestId: text(details?.["requestId"]),
    deviceId: text(details?.["deviceId"]),
    retryAfterMs,
  };
}

/** Reads `error.type` of a JSON error body, such as `proxy_attribution_required`. */
export function readErrorType(body: Buffer | string): string | undefined {
  const { error } = fieldsOf(parseJson(body.toString()));
  return text(fieldsOf(error)["type"]);
}

/** Reads a pending request; returns undefined if it is not one. Older releases have only `role`. */
export function readPendingRequest(value: unknown): PendingRequest | undefined {
  const { requestId, deviceId, publicKey, role, roles, scopes, silent } = fieldsOf(value);
  if (typeof requestId !== "string" || typeof deviceId !== "string" || typeof publicKey !== "string") {
    return undefined;
  }
  const allRoles = new Set([...textsIn(roles), ...textsIn([role])]);
  const isSilent = silent === true;
  return { requestId, deviceId, publicKey, roles: [...allRoles], scopes: textsIn(scopes), silent: isSilent };
}

function readError(value: unknown): { error: GatewayError } | undefined {
  if (!isRecord(value)) return undefined;
  const { code, message, details, retryable, retryAfterMs } = value;
  const error = {
    code: typeof code === "string" ? code : "UNKNOWN",
    message: typeof message === "string" ? message : "",
    ...(isRecord(details) && { details }),
    ...(typeof retryable === "boolean" && { retryable }),
    ...(typeof retryAfterMs === "number" && { retryAfterMs }),
  };
  return { error };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? printable(value, TEXT_LIMIT) : undefined;
}

function texts(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, LIST_LIMIT).flatMap((item) => text(item) ?? []);
}
