import type { WebSocket } from "ws";
import { readRequestFrame } from "../../src/openclaw/protocol.ts";
import { readConnectParams, type ConnectParams } from "./connect-params.ts";
import { judgeConnect } from "./handshake.ts";
import { helloOk, type Session } from "./hello.ts";
import { handleRequest } from "./methods.ts";
import { refuse, type Refusal } from "./refusal.ts";
import type { Connection, Gateway } from "./server.ts";

type RequestFrame = NonNullable<ReturnType<typeof readRequestFrame>>;

/** OpenClaw's default deadline for `connect`. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * Speaks the gateway's protocol on one WebSocket: challenge, `connect`, then requests (OpenClaw `ws-connection.ts`,
 * `message-handler.ts`).
 * @param onConnected called once with the session, after hello-ok has been sent.
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
  socket.on("message", (data: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    const text = data.toString();
    if (session) respond(gateway, session, socket, text);
    else if (Buffer.byteLength(text) > gateway.behavior.preauthBytes) socket.close(1009);
    else begin(text);
  });
  const challenge = { nonce: connection.nonce, ts: Date.now() };
  send(socket, { type: "event", event: "connect.challenge", payload: challenge });

  function begin(text: string): void {
    const frame = parse(text);
    if (frame === "not-json") return socket.close(1000);
    if (!frame) return socket.close(1008, "invalid request frame");
    const params = paramsOf(gateway, frame);
    if ("error" in params) return reject(socket, frame.id, params);
    const verdict = judgeConnect(gateway, connection, params);
    if ("error" in verdict) return reject(socket, frame.id, verdict);
    clearTimeout(deadline);
    session = verdict;
    send(socket, { type: "res", id: frame.id, ok: true, payload: helloOk(gateway, connection, session) });
    return onConnected(session);
  }
}

/** Sends one event frame. */
export function sendEvent(socket: WebSocket, event: string, payload: unknown, seq: number): void {
  send(socket, { type: "event", event, payload, seq });
}

function paramsOf({ behavior }: Gateway, { method, params }: RequestFrame): ConnectParams | Refusal {
  if (method !== "connect") {
    return refuse(behavior, "INVALID_REQUEST", "invalid handshake: first request must be connect");
  }
  try {
    return readConnectParams(params, behavior);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return refuse(behavior, "INVALID_REQUEST", `invalid connect params: ${error.message}`);
  }
}

function respond(gateway: Gateway, session: Session, socket: WebSocket, text: string): void {
  const frame = parse(text);
  if (frame === "not-json") return;
  const reply = frame
    ? handleRequest(gateway, session, frame.method, frame.params)
    : { ok: false, error: { code: "INVALID_REQUEST", message: "invalid request frame" } };
  send(socket, { type: "res", id: frame?.id ?? "invalid", ...reply });
}

function reject(socket: WebSocket, id: string, { error, close }: Refusal): void {
  send(socket, { type: "res", id, ok: false, error });
  socket.close(close.code, close.reason);
}

function parse(text: string): RequestFrame | "not-json" | undefined {
  try {
    const frame = readRequestFrame(JSON.parse(text));
    return frame?.id === "" ? undefined : frame;
  } catch {
    return "not-json";
  }
}

function send(socket: WebSocket, frame: unknown): void {
  socket.send(JSON.stringify(frame));
}
