import { randomUUID } from "node:crypto";
import type { RawData, WebSocket } from "ws";
import { parseGatewayFrame, type GatewayError } from "./protocol.ts";

const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1000;
/** Events that nobody has asked for yet; older ones are dropped. */
const EVENT_LIMIT = 100;

/** The gateway's refusal of a request. */
export class GatewayRequestError extends Error {
  override readonly name = "GatewayRequestError";
  readonly error: GatewayError;

  constructor(method: string, error: GatewayError = { code: "UNKNOWN", message: "" }) {
    super(`${method}: ${error.code}: ${error.message}`);
    this.error = error;
  }
}

interface Waiting {
  readonly method: string;
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: NodeJS.Timeout;
}

/** A connected client: requests and events on a socket that has had its hello-ok. */
export class GatewaySession {
  readonly socket: WebSocket;
  readonly #requests = new Map<string, Waiting>();
  readonly #events = new Map<string, Waiting[]>();
  readonly #listeners = new Map<string, (payload: unknown) => void>();
  #unread: { readonly event: string; readonly payload: unknown }[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => this.#receive(textOf(data)));
    socket.on("close", (code, reason) =>
      this.#fail(new Error(`gateway closed (${code}): ${reason.toString()}`)),
    );
  }

  /**
   * Sends a request.
   * @returns its payload.
   * @throws GatewayRequestError when the gateway refuses it; Error when the socket closes or nothing comes in time.
   */
  async request(
    method: string,
    params: unknown = {},
    timeoutMs: number = REQUEST_TIMEOUT_MS,
  ): Promise<unknown> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      this.#requests.set(
        id,
        this.#wait(method, timeoutMs, resolve, reject, () => this.#requests.delete(id)),
      );
      this.socket.send(JSON.stringify({ type: "req", id, method, params }));
    });
  }

  /**
   * Waits for an event; one that came earlier and was not asked for counts.
   * @returns its payload.
   * @throws Error when the socket closes or nothing comes in time.
   */
  async event(event: string, timeoutMs: number = REQUEST_TIMEOUT_MS): Promise<unknown> {
    const at = this.#unread.findIndex((one) => one.event === event);
    if (at >= 0) return this.#unread.splice(at, 1)[0]?.payload;
    const waiting = this.#events.get(event) ?? [];
    this.#events.set(event, waiting);
    return new Promise((resolve, reject) => {
      const entry = this.#wait(event, timeoutMs, resolve, reject, () =>
        waiting.splice(waiting.indexOf(entry), 1),
      );
      waiting.push(entry);
    });
  }

  /** Hears every event of a kind, until the socket closes; `event` waits for those that nobody hears. */
  onEvent(event: string, listener: (payload: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  /** Closes the socket, by force when the gateway does not answer within a second; never throws, whatever it answers. */
  async close(): Promise<void> {
    if (this.socket.readyState === this.socket.CLOSED) return;
    // Not events.once: that rejects where the gateway answers with what is no frame.
    const closed = new Promise((resolve) => this.socket.once("close", resolve));
    this.socket.close(1000);
    const deadline = setTimeout(() => this.socket.terminate(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(deadline);
  }

  #wait(
    method: string,
    timeoutMs: number,
    resolve: (payload: unknown) => void,
    reject: (error: Error) => void,
    forget: () => void,
  ): Waiting {
    const deadline = setTimeout(() => {
      forget();
      reject(new Error(`${method}: nothing came within ${timeoutMs} ms`));
    }, timeoutMs);
    return { method, resolve, reject, deadline };
  }

  #receive(text: string): void {
    const frame = parseGatewayFrame(text);
    if (frame?.type === "res") {
      const waiting = this.#requests.get(frame.id);
      this.#requests.delete(frame.id);
      clearTimeout(waiting?.deadline);
      if (frame.ok) waiting?.resolve(frame.payload);
      else waiting?.reject(new GatewayRequestError(waiting.method, frame.error));
    } else if (frame?.type === "event") {
      const listener = this.#listeners.get(frame.event);
      if (listener) {
        listener(frame.payload);
        return;
      }
      const waiting = this.#events.get(frame.event)?.shift();
      clearTimeout(waiting?.deadline);
      if (waiting) waiting.resolve(frame.payload);
      else this.#unread = [...this.#unread, frame].slice(-EVENT_LIMIT);
    }
  }

  #fail(error: Error): void {
    const all = [...this.#requests.values(), ...[...this.#events.values()].flat()];
    this.#requests.clear();
    this.#events.clear();
    for (const { deadline, reject } of all) {
      clearTimeout(deadline);
      reject(error);
    }
  }
}

/** Returns the text of a message as `ws` delivers it. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
