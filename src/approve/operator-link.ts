import { EventEmitter } from "node:events";
import { handshake, type HandshakeResult } from "../openclaw/connect.ts";
import type { GatewaySession } from "../openclaw/session.ts";
import type { Device } from "../openclaw/device.ts";
import type { GatewayAgent } from "../upstream/gateway-agent.ts";
import type { Secret } from "../openclaw/token.ts";
import { isRecord } from "../text/json.ts";
import { messageOf } from "../text/printable.ts";
import { readPendingRequest, type PendingRequest } from "../openclaw/protocol.ts";
import { OPERATOR_SCOPES } from "../openclaw/scopes.ts";

const FIRST_RETRY_MS = 500;
/** A gateway that is not there is back soon, and looking for it costs nothing; one that refuses will refuse again. */
const LAST_RETRY_MS = { unreachable: 5_000, refused: 30_000 };
const REQUEST_MS = 5_000;
/** Requests kept in mind; the gateway itself lets them expire after five minutes. */
const PENDING_LIMIT = 1_000;

/** How the link reaches the gateway, and as whom. */
export interface OperatorLinkOptions {
  readonly url: string;
  readonly agent: GatewayAgent;
  readonly device: Device;
  readonly token: Secret | undefined;
}

/**
 * An operator connection of the shim's own. It comes back after every loss, with backoff, and knows the pending
 * requests of the moment: from a list at each start, then from the gateway's broadcasts.
 */
export class OperatorLink extends EventEmitter<{ up: []; down: [why: string] }> {
  readonly #options: OperatorLinkOptions;
  readonly #pending = new Map<string, PendingRequest>();
  #session: GatewaySession | undefined;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  /** The attempt to connect that is under way, or the last one; it never rejects. */
  #attempt: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(options: OperatorLinkOptions) {
    super();
    this.#options = options;
  }

  get up(): boolean {
    return this.#session !== undefined;
  }

  /** Pending requests of a device, as far as heard of. */
  pendingOf(deviceId: string): PendingRequest[] {
    return [...this.#pending.values()].filter((request) => request.deviceId === deviceId);
  }

  /** Starts connecting; never throws. */
  open(): void {
    this.#attempt = this.#connect();
  }

  /**
   * Asks the gateway for its pending requests, afresh.
   * @throws Error when the link is down, or the gateway refuses or does not answer
   */
  async list(): Promise<PendingRequest[]> {
    const payload = await this.#request("device.pair.list", {});
    const pending = isRecord(payload) && Array.isArray(payload["pending"]) ? payload["pending"] : [];
    this.#pending.clear();
    for (const item of pending.slice(0, PENDING_LIMIT)) this.#remember(item);
    return [...this.#pending.values()];
  }

  /** @throws Error as `list` does, also when the request is gone */
  async approve(requestId: string): Promise<void> {
    await this.#request("device.pair.approve", { requestId });
    this.#pending.delete(requestId);
  }

  /** @throws Error as `list` does, also when the request is gone */
  async reject(requestId: string): Promise<void> {
    await this.#request("device.pair.reject", { requestId });
    this.#pending.delete(requestId);
  }

  /** Ends the connection, or the attempt to have one. Resolves when nothing of either is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#session?.close();
    await this.#attempt;
    this.#options.agent.destroy();
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #connect(): Promise<void> {
    const { url, agent, device, token } = this.#options;
    const result = await handshake({
      url,
      device,
      ...(token && { token: token.reveal() }),
      client: { id: "gateway-client", mode: "backend" },
      scopes: OPERATOR_SCOPES,
      keepOpen: true,
      signal: this.#closing.signal,
      ws: { agent },
    });
    if (!result.ok || !result.session) {
      const isThere = !result.ok && (result.error ?? result.http) !== undefined;
      return this.#lost(describe(result), isThere ? "refused" : "unreachable");
    }
    const { session } = result;
    if (this.#closed) return session.close();
    this.#session = session;
    session.socket.on("close", (code: number) => {
      if (this.#session === session) this.#lost(`the gateway closed (${code})`);
    });
    session.onEvent("device.pair.requested", (payload) => this.#remember(payload));
    session.onEvent("device.pair.resolved", (payload) => this.#forget(payload));
    try {
      await this.list();
      this.#retryMs = FIRST_RETRY_MS;
      this.emit("up");
    } catch (error) {
      // Its loss is known by now where that is why there is no list.
      if (this.#session !== session) return undefined;
      this.#session = undefined;
      await session.close();
      this.#lost(messageOf(error), "refused");
    }
    return undefined;
  }

  #lost(why: string, kind: keyof typeof LAST_RETRY_MS = "unreachable"): void {
    this.#session = undefined;
    this.#pending.clear();
    if (this.#closed) return;
    this.emit("down", why);
    this.#timer = setTimeout(() => this.open(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS[kind]);
  }

  async #request(method: string, params: unknown): Promise<unknown> {
    if (!this.#session) throw new Error("the operator connection is down");
    return this.#session.request(method, params, REQUEST_MS);
  }

  #remember(value: unknown): void {
    const request = readPendingRequest(value);
    if (!request || this.#pending.size >= PENDING_LIMIT) return;
    this.#pending.set(request.requestId, request);
  }

  #forget(payload: unknown): void {
    if (isRecord(payload) && typeof payload["requestId"] === "string")
      this.#pending.delete(payload["requestId"]);
  }
}

function describe(result: HandshakeResult): string {
  if (result.ok) return "connected";
  const { error, close, http, failure } = result;
  if (error) return `${error.code}: ${error.message}`;
  if (close) return `closed ${close.code} ${close.reason}`;
  return http ? `HTTP ${http.status}` : (failure ?? "no answer");
}
