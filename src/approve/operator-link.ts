import { EventEmitter } from "node:events";
import type { Advice } from "../errors.ts";
import { handshake, type HandshakeResult } from "../openclaw/connect.ts";
import type { Device } from "../openclaw/device.ts";
import { readPendingRequest, type PendingRequest } from "../openclaw/protocol.ts";
import { OPERATOR_SCOPES } from "../openclaw/scopes.ts";
import type { GatewaySession } from "../openclaw/session.ts";
import type { Secret } from "../openclaw/token.ts";
import { adviceFor } from "../outcome/outcome-advice.ts";
import { judge } from "../outcome/outcome.ts";
import { transcriptOf } from "../outcome/transcript.ts";
import type { GatewayAgent } from "../upstream/dial.ts";
import { isRecord } from "../text/json.ts";
import { messageOf, printable } from "../text/printable.ts";

const FIRST_RETRY_MS = 500;
/** An unreachable gateway is often back soon, and a try is cheap; one that refuses will refuse again. */
const UNREACHABLE_RETRY_MS = 5_000;
const REFUSED_RETRY_MS = 30_000;
const REQUEST_MS = 5_000;
/** Pending requests remembered; the gateway itself lets them expire after five minutes. */
const PENDING_LIMIT = 1_000;

/** Why there is no operator connection. */
export interface LinkLoss {
  /** The gateway's or the system's words, printable. */
  readonly reason: string;
  readonly advice: Advice;
  readonly isRefusal: boolean;
}

const RECONNECTS: Advice = {
  fix: "wait: the shim reconnects; if it cannot, see the gateway's log",
  command: "openclaw logs --follow",
};
const WRONG_TOKEN: Advice = {
  fix: "compare --token-file or OPENCLAW_GATEWAY_TOKEN with gateway.auth.token in the gateway's openclaw.json: the shim's token is not the gateway's",
};

/** Address and credentials of the operator connection. */
export interface OperatorLinkOptions {
  readonly url: string;
  readonly agent: GatewayAgent;
  readonly device: Device;
  readonly token: Secret | undefined;
}

/**
 * The shim's own operator connection. It reconnects with backoff after every loss and knows the current pending
 * requests: from a list at each start, then from the gateway's broadcasts.
 */
export class OperatorLink extends EventEmitter<{ up: []; down: [LinkLoss] }> {
  readonly #options: OperatorLinkOptions;
  readonly #pending = new Map<string, PendingRequest>();
  readonly #closing = new AbortController();
  #session: GatewaySession | undefined;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  /** The current or last attempt to connect; it never rejects. */
  #attempt: Promise<void> = Promise.resolve();

  constructor(options: OperatorLinkOptions) {
    super();
    this.#options = options;
  }

  get up(): boolean {
    return this.#session !== undefined;
  }

  /** Returns the known pending requests of a device. */
  pendingOf(deviceId: string): PendingRequest[] {
    return [...this.#pending.values()].filter((request) => request.deviceId === deviceId);
  }

  /** Starts connecting; never throws. */
  open(): void {
    this.#attempt = this.#connect();
  }

  /**
   * Requests the gateway's current list of pending requests.
   * @throws Error if the link is down, or the gateway refuses or does not respond
   */
  async list(): Promise<PendingRequest[]> {
    const payload = await this.#request("device.pair.list", {});
    const pending = isRecord(payload) && Array.isArray(payload["pending"]) ? payload["pending"] : [];
    this.#pending.clear();
    for (const item of pending) this.#remember(item);
    return [...this.#pending.values()];
  }

  /**
   * Approves or rejects a pending request.
   * @throws Error as `list` does, also if the request has expired
   */
  async decide(decision: "approve" | "reject", requestId: string): Promise<void> {
    await this.#request(`device.pair.${decision}`, { requestId });
    this.#pending.delete(requestId);
  }

  /** Closes the connection or aborts the attempt; resolves after both have ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#session?.close();
    await this.#attempt;
    this.#options.agent.destroy();
  }

  async #connect(): Promise<void> {
    const { url, agent, device, token } = this.#options;
    const { signal } = this.#closing;
    const result = await handshake({
      url,
      device,
      ...(token && { token: token.reveal() }),
      client: { id: "gateway-client", mode: "backend" },
      scopes: OPERATOR_SCOPES,
      keepOpen: true,
      signal,
      ws: { agent },
    });
    if (!result.ok) return this.#lost(handshakeLoss(result));
    const { session } = result;
    if (!session || signal.aborted) return session?.close();
    this.#session = session;
    session.socket.on("close", (code: number) => {
      if (this.#session === session)
        this.#lost({ reason: `the gateway closed (${code})`, advice: RECONNECTS, isRefusal: false });
    });
    session.onEvent("device.pair.requested", (payload) => this.#remember(payload));
    session.onEvent("device.pair.resolved", (payload) => {
      if (isRecord(payload)) this.#pending.delete(String(payload["requestId"]));
    });
    try {
      await this.list();
      this.#retryMs = FIRST_RETRY_MS;
      this.emit("up");
    } catch (error) {
      // If the connection was lost meanwhile, that has been reported.
      if (this.#session !== session) return undefined;
      this.#session = undefined;
      await session.close();
      this.#lost({ reason: printable(messageOf(error)), advice: RECONNECTS, isRefusal: true });
    }
    return undefined;
  }

  #lost(loss: LinkLoss): void {
    this.#session = undefined;
    this.#pending.clear();
    if (this.#closing.signal.aborted) return;
    this.emit("down", loss);
    this.#timer = setTimeout(() => this.open(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, loss.isRefusal ? REFUSED_RETRY_MS : UNREACHABLE_RETRY_MS);
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
}

function handshakeLoss(result: Extract<HandshakeResult, { ok: false }>): LinkLoss {
  const transcript = transcriptOf(result);
  const verdict = judge(transcript);
  const { error, close, http, failure = "no answer" } = result;
  const reason = error
    ? `${error.code}: ${error.message}`
    : close
      ? `closed ${close.code} ${close.reason}`
      : http
        ? `HTTP ${http.status}`
        : failure;
  return {
    reason: printable(reason),
    advice: verdict.outcome === "unauthorized" ? WRONG_TOKEN : (adviceFor(verdict, transcript) ?? RECONNECTS),
    isRefusal: (error ?? http) !== undefined,
  };
}
