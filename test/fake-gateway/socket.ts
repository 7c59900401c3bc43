import type { RawData, WebSocket } from "ws";
import { textOf } from "../../src/openclaw/session.ts";
import { isRecord } from "../../src/text/json.ts";
import { readConnectParams } from "./connect-params.ts";
import type { ConnectParams } from "./connect-params.ts";
import type { Connection, Gateway } from "./gateway.ts";
import { answerConnect } from "./handshake.ts";
import { helloOk } from "./hello.ts";
import type { Session } from "./hello.ts";
import { answerRequest } from "./methods.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** OpenClaw's default for a client that never says `connect`. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A request frame. */
interface RequestFrame {
  readonly id: string;
  readonly method: string;
  readonly params: unknown;
}

/**
 * Speaks the gateway's protocol on one WebSocket: challenge, `connect`, then requests (OpenClaw `ws-connection.ts`,
 * `message-handler.ts`).
 * @param onConnected called once with the session when hello-ok has been sent.
 */
export function serveGateway(
  gateway: Gateway,
  connection: Connection,
  socket: WebSocket,
  onConnected: (session: Session) => void,
): void {
  let session: Session | undefined;
  const deadline = setTimeout(() => socket.close(1000), HANDSHAKE_TIMEOUT_MS);
  deadline.unref();
  socket.on("close", () => clearTimeout(deadline));
  socket.on("error", () => socket.terminate());
  socket.on("message", (data) => {
    if (socket.readyState !== socket.OPEN) return;
    if (session) answerConnected(gateway, session, socket, textOf(data));
    else if (sizeOf(data) > gateway.rules.preauthBytes) socket.close(1009);
    else begin(textOf(data));
  });
  send(socket, {
    type: "event",
    event: "connect.challenge",
    payload: { nonce: connection.nonce, ts: Date.now() },
  });

  function begin(text: string): void {
    const frame = parse(text);
    if (frame === "not-json") return socket.close(1000);
    if (!frame) return socket.close(1008, "invalid request frame");
    const params = paramsOf(gateway, frame);
    if ("error" in params) return reject(socket, frame.id, params);
    const verdict = answerConnect(gateway, connection, params);
    if (!verdict.ok) return reject(socket, frame.id, verdict);
    clearTimeout(deadline);
    session = verdict.session;
    send(socket, { type: "res", id: frame.id, ok: true, payload: helloOk(gateway, connection, session) });
    return onConnected(session);
  }
}

/** Sends one event frame. */
export function sendEvent(socket: WebSocket, event: string, payload: unknown, seq: number): void {
  send(socket, { type: "event", event, payload, seq });
}

function paramsOf({ rules }: Gateway, { method, params }: RequestFrame): ConnectParams | Refusal {
  if (method !== "connect")
    return refuse(rules, "INVALID_REQUEST", "invalid handshake: first request must be connect");
  try {
    return readConnectParams(params, rules);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return refuse(rules, "INVALID_REQUEST", `invalid connect params: ${error.message}`);
  }
}

function answerConnected(gateway: Gateway, session: Session, socket: WebSocket, text: string): void {
  const frame = parse(text);
  if (frame === "not-json") return;
  const reply = frame
    ? answerRequest(gateway, session, frame.method, frame.params)
    : { ok: false, error: { code: "INVALID_REQUEST", message: "invalid request frame" } };
  send(socket, { type: "res", id: frame?.id ?? "invalid", ...reply });
}

function reject(socket: WebSocket, id: string, { error, close }: Refusal): void {
  send(socket, { type: "res", id, ok: false, error });
  socket.close(close.code, close.reason);
}

function parse(text: string): RequestFrame | "not-json" | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "not-json";
  }
  if (!isRecord(value) || value["type"] !== "req") return undefined;
  const { id, method, params } = value;
  return typeof id === "string" && id !== "" && typeof method === "string"
    ? { id, method, params }
    : undefined;
}

function send(socket: WebSocket, frame: unknown): void {
  socket.send(JSON.stringify(frame));
}

function sizeOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength;
}
