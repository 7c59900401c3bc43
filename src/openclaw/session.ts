import { randomUUID } from "node:crypto";
import type { RawData, WebSocket } from "ws";
import { parseGatewayFrame, type GatewayError } from "./protocol.ts";

const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1000;

/** The gateway's refusal of a request. */
export class GatewayRequestError extends Error {
  override readonly name = "GatewayRequestError";
  readonly error: GatewayError;

  constructor(method: string, error: GatewayError = { code: "UNKNOWN", message: "" }) {
    super(`${method}: ${error.code}: ${error.message}`);
    this.error = error;
  }
}

/** The end of a session, with the WebSocket close code. */
export class GatewayClosedError extends Error {
  override readonly name = "GatewayClosedError";
  readonly code: number;

  constructor(code: number, reason: string) {
    super(`gateway closed (${code}): ${reason}`);
    this.code = code;
  }
}

interface OpenRequest {
  readonly method: string;
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: NodeJS.Timeout;
}

/** A connected client: requests and events on a socket that has received hello-ok. */
export class GatewaySession {
  readonly socket: WebSocket;
  readonly #requests = new Map<string, OpenRequest>();
  readonly #listeners = new Map<string, (payload: unknown) => void>();

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => this.#receive(textOf(data)));
    socket.on("close", (code, reason) => this.#fail(new GatewayClosedError(code, reason.toString())));
  }

  /**
   * Sends a request and returns the response's payload.
   * @throws GatewayRequestError if the gateway refuses it, GatewayClosedError if it closes, Error after the timeout
   */
  async request(method: string, params: unknown = {}, timeoutMs = REQUEST_TIMEOUT_MS): Promise<unknown> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#requests.delete(id);
        reject(new Error(`${method}: nothing came within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#requests.set(id, { method, resolve, reject, deadline });
      this.socket.send(JSON.stringify({ type: "req", id, method, params }));
    });
  }

  /** Calls `listener` with the payload of every event of that name; the last listener of a name counts. */
  onEvent(event: string, listener: (payload: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  /** Closes the socket, by force if the gateway does not close within a second; never throws. */
  async close(): Promise<void> {
    if (this.socket.readyState === this.socket.CLOSED) return;
    // Not events.once: that rejects if the gateway answers with a malformed frame.
    const closed = new Promise((resolve) => this.socket.once("close", resolve));
    this.socket.close(1000);
    const deadline = setTimeout(() => this.socket.terminate(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(deadline);
  }

  #receive(text: string): void {
    const frame = parseGatewayFrame(text);
    if (frame?.type === "event") this.#listeners.get(frame.event)?.(frame.payload);
    if (frame?.type !== "res") return;
    const request = this.#requests.get(frame.id);
    if (!request) return;
    this.#requests.delete(frame.id);
    clearTimeout(request.deadline);
    if (frame.ok) request.resolve(frame.payload);
    else request.reject(new GatewayRequestError(request.method, frame.error));
  }

  #fail(error: Error): void {
    for (const { deadline, reject } of this.#requests.values()) {
      clearTimeout(deadline);
      reject(error);
    }
    this.#requests.clear();
  }
}

/** Returns the text of a message as `ws` delivers it. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
