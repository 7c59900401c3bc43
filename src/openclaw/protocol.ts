import { fieldsOf, isRecord, parseJson, textsIn } from "../text/json.ts";
import { printable } from "../text/printable.ts";

// OpenClaw's protocol on the wire (docs/gateway.md section 3). The readers never throw. Texts that they return are
// printable and capped, except in `GatewayError` and payloads, and none is a credential.

/** `error` of a response as received: for clients, not for logs. */
export interface GatewayError {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
}

/** The cause of a failed session, as seen on the wire. */
export interface SessionFailure {
  readonly ok: false;
  /** The gateway's refusal of connect. */
  readonly error?: GatewayError;
  /** The close that followed the refusal, or came instead. */
  readonly close?: { readonly code: number; readonly reason: string };
  /** The HTTP response to the upgrade. */
  readonly http?: { readonly status: number; readonly body: string };
  /** Why there was no response, and the code of an error of the system or of Node, such as `ECONNREFUSED`. */
  readonly failure?: string;
  readonly failureCode?: string;
}

/** A `connect` request without its credentials: only which kinds of them were sent. */
export type ConnectRequest = NonNullable<ReturnType<typeof readConnect>>;

/** What a client calls itself. */
export type ClientInfo = ConnectRequest["client"];

/** The refusal of `connect`. Its message is not for logs: it may quote what the client sent. */
export type ConnectError = ReturnType<typeof readConnectError>;

/** The gateway's response to `connect`. */
export type ConnectResponse = NonNullable<ReturnType<typeof readHello>> | ConnectError;

/** A pending pairing request; its texts are as received. `silent`: the device was local in all its attempts. */
export type PendingRequest = NonNullable<ReturnType<typeof readPendingRequest>>;

const TEXT_LIMIT = 128;
const LIST_LIMIT = 32;
/** The first member of hello-ok of which nothing is read; the next are `snapshot` and, until 2026.4, `canvasHostUrl`. */
const FIRST_UNREAD = ',"features":{';
const CREDENTIALS: readonly string[] = ["token", "password", "deviceToken", "bootstrapToken"];

/** Parses a text frame from a gateway; returns undefined if it is not of this protocol. */
export function parseGatewayFrame(json: string) {
  const { type, event, id, ok, payload, error } = fieldsOf(parseJson(json));
  if (type === "event") return { type, event: typeof event === "string" ? event : "", payload } as const;
  if (type !== "res" || typeof id !== "string") return undefined;
  return ok === true
    ? ({ type, id, ok, payload } as const)
    : ({ type, id, ok: false, error: readError(error) } as const);
}

/** Reads the fields of a request frame; returns undefined if it is not one. */
export function readRequestFrame(frame: unknown) {
  const { type, id, method, params } = fieldsOf(frame);
  if (type !== "req" || typeof id !== "string" || typeof method !== "string") return undefined;
  return { id, method, params };
}

/** Reads a client's first message; returns undefined if it is not a `connect` request. */
export function readConnect(data: Buffer) {
  const frame = readRequestFrame(parseJson(data.toString("utf8")));
  if (frame?.method !== "connect") return undefined;
  const { client, role, scopes, device, auth } = fieldsOf(frame.params);
  const { id, mode, version, platform } = fieldsOf(client);
  const { id: deviceId, publicKey } = fieldsOf(device);
  const credentials = fieldsOf(auth);
  return {
    id: printable(frame.id, TEXT_LIMIT),
    client: { id: text(id), mode: text(mode), version: text(version), platform: text(platform) },
    role: text(role),
    scopes: texts(scopes),
    deviceId: text(deviceId),
    publicKey: text(publicKey),
    auth: CREDENTIALS.filter((kind) => typeof credentials[kind] === "string"),
  };
}

/**
 * Reads a gateway's message before the end of the handshake; returns undefined if it is not of this protocol. Of a
 * hello-ok the members between `server` and `auth` are not parsed: they are most of it, and not read. In JSON a quote in
 * a string follows a backslash, so what is found are members. If they are of different objects, the rest is not JSON or
 * lacks what is read, and the whole message is parsed.
 */
export function readGatewayMessage(data: Buffer) {
  const from = data.indexOf(FIRST_UNREAD, 0, "latin1");
  const to = from === -1 ? -1 : nextRead(data, from);
  if (to === -1) return readMessage(data.toString("utf8"));
  const short = readMessage(data.toString("utf8", 0, from) + data.toString("utf8", to));
  const hello = short?.kind === "response" && short.response.ok ? short.response : undefined;
  const isComplete = hello?.version !== undefined && hello.protocol !== undefined;
  return isComplete ? short : readMessage(data.toString("utf8"));
}

/** Returns the position of the member with which reading goes on; -1 if there is none after `from`. */
function nextRead(data: Buffer, from: number): number {
  // From the end, which is near. Older releases send no `auth` without a device token.
  for (const member of [',"auth":{', ',"policy":{']) {
    const at = data.lastIndexOf(member, undefined, "latin1");
    if (at > from) return at;
  }
  return -1;
}

function readMessage(json: string) {
  const frame = parseGatewayFrame(json);
  if (frame?.type === "event" && frame.event === "connect.challenge")
    return { kind: "challenge", nonce: readNonce(frame.payload) } as const;
  if (frame?.type !== "res") return frame && ({ kind: "other" } as const);
  const response = frame.ok ? readHello(frame.payload) : frame.error && readConnectError(frame.error);
  if (!response) return { kind: "other" } as const;
  return { kind: "response", id: printable(frame.id, TEXT_LIMIT), response } as const;
}

/** Reads the nonce of a `connect.challenge` payload. */
export function readNonce(payload: unknown): string | undefined {
  return text(fieldsOf(payload)["nonce"]);
}

/** Reads the payload of hello-ok; returns undefined if it is another one. */
export function readHello(payload: unknown) {
  const { type, protocol, server, auth } = fieldsOf(payload);
  if (type !== "hello-ok") return undefined;
  const { role, scopes, deviceToken } = fieldsOf(auth);
  return {
    ok: true as const,
    version: text(fieldsOf(server)["version"]),
    protocol: typeof protocol === "number" ? protocol : undefined,
    role: text(role),
    scopes: texts(scopes),
    deviceTokenIssued: typeof deviceToken === "string",
  };
}

/** Reads the gateway's refusal of `connect`. */
export function readConnectError({ code, message, details, retryAfterMs }: GatewayError) {
  return {
    ok: false as const,
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
  return text(fieldsOf(fieldsOf(parseJson(body.toString()))["error"])["type"]);
}

/** Reads an item of `device.pair.list` or `device.pair.requested`; returns undefined if it is not a pending request. */
export function readPendingRequest(value: unknown) {
  const { requestId, deviceId, publicKey, role, roles, scopes, silent } = fieldsOf(value);
  if (typeof requestId !== "string" || typeof deviceId !== "string" || typeof publicKey !== "string") {
    return undefined;
  }
  const names = new Set([...textsIn(roles), ...textsIn([role])]); // older releases have only `role`
  const request = { requestId, deviceId, publicKey, roles: [...names], scopes: textsIn(scopes) };
  return { ...request, silent: silent === true };
}

function readError(value: unknown): GatewayError | undefined {
  if (!isRecord(value)) return undefined;
  const { code, message, details, retryable, retryAfterMs } = value;
  return {
    code: typeof code === "string" ? code : "UNKNOWN",
    message: typeof message === "string" ? message : "",
    ...(isRecord(details) && { details }),
    ...(typeof retryable === "boolean" && { retryable }),
    ...(typeof retryAfterMs === "number" && { retryAfterMs }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? printable(value, TEXT_LIMIT) : undefined;
}

function texts(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return textsIn(value.slice(0, LIST_LIMIT)).map((item) => printable(item, TEXT_LIMIT));
}
