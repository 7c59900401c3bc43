import { setTimeout as sleep } from "node:timers/promises";
import type { Advice } from "../text/advice.ts";
import { UNTRUSTED_PEER, type GatewaySession, type SessionResult } from "../openclaw/gateway-session.ts";
import { readPendingRequest, type PendingRequest, type SessionFailure } from "../openclaw/protocol.ts";
import { adviceFor } from "../outcome/outcome-advice.ts";
import { judge, transcriptOf } from "../outcome/outcome.ts";
import { fieldsOf } from "../text/json.ts";
import { messageOf, printable } from "../text/printable.ts";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;
const REQUEST_MS = 5_000;
/** Pending requests remembered; the gateway itself lets them expire after five minutes. */
const PENDING_LIMIT = 1_000;

const RECONNECTS: Advice = {
  fix: "wait: the shim reconnects; if it cannot, read the gateway's log (`openclaw logs --follow`)",
};
const UNTRUSTED: Advice = {
  fix: "find out which program listens on the gateway's port, as it did not get the token: start the gateway as the owner of its openclaw.json, or pin its certificate with --gateway-fingerprint; a service needs PrivateUsers=no to see users",
};
const WRONG_TOKEN: Advice = {
  fix: "compare --token-file or OPENCLAW_GATEWAY_TOKEN with gateway.auth.token in the gateway's openclaw.json: the shim's token is not the gateway's",
};

/**
 * The shim's own operator connection. It reconnects with backoff after every loss and knows the current pending
 * requests: from a list at each start, then from the gateway's broadcasts.
 */
export class OperatorLink {
  readonly #openSession: (signal: AbortSignal) => Promise<SessionResult>;
  readonly #pending = new Map<string, PendingRequest>();
  readonly #closing = new AbortController();
  #session: GatewaySession | undefined;
  #running: Promise<void> | undefined;

  /** @param open connects once as an operator */
  constructor(open: (signal: AbortSignal) => Promise<SessionResult>) {
    this.#openSession = open;
  }

  get up(): boolean {
    return this.#session !== undefined;
  }

  /** Returns the known pending requests of a device. */
  pendingOf(deviceId: string): PendingRequest[] {
    return [...this.#pending.values()].filter((request) => request.deviceId === deviceId);
  }

  /** Starts connecting. @param onDown is called once for the same reason in a row */
  open(onUp: () => void, onDown: (reason: string, advice: Advice) => void): void {
    this.#running = this.#run(onUp, onDown);
  }

  /** Requests the list of pending requests. @throws Error if the link is down or the gateway does not return it */
  async list(): Promise<PendingRequest[]> {
    const { pending } = fieldsOf(await this.#request("device.pair.list"));
    this.#pending.clear();
    if (Array.isArray(pending)) for (const item of pending) this.#remember(item);
    return [...this.#pending.values()];
  }

  /** Approves or rejects a pending request. @throws Error as `list` does, also if the request has expired */
  async decide(decision: "approve" | "reject", requestId: string): Promise<void> {
    await this.#request(`device.pair.${decision}`, { requestId });
    this.#pending.delete(requestId);
  }

  /** Closes the connection or aborts the attempt; resolves after both have ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#session?.close();
    await this.#running;
  }

  async #run(onUp: () => void, onDown: (reason: string, advice: Advice) => void): Promise<void> {
    const { signal } = this.#closing;
    let waitMs = FIRST_RETRY_MS;
    let lastReason: string | undefined;
    while (!signal.aborted) {
      const { reason, advice } = await this.#connect(() => {
        waitMs = FIRST_RETRY_MS;
        lastReason = undefined;
        onUp();
      });
      this.#session = undefined;
      this.#pending.clear();
      if (signal.aborted) return;
      if (reason !== lastReason) onDown(reason, advice);
      lastReason = reason;
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
      waitMs = Math.min(waitMs * 2, LAST_RETRY_MS);
    }
  }

  /** Connects once; resolves when that connection has failed or closed. */
  async #connect(onUp: () => void): Promise<LinkLoss> {
    const { signal } = this.#closing;
    const result = await this.#openSession(signal);
    if (!result.ok) return handshakeLoss(result);
    const { session } = result;
    const closed = new Promise<number>((resolve) => session.socket.once("close", resolve));
    // `close` did not know of this session.
    if (signal.aborted) session.socket.terminate();
    this.#session = session;
    session.onEvent("device.pair.requested", (payload) => this.#remember(payload));
    session.onEvent("device.pair.resolved", (payload) => {
      this.#pending.delete(String(fieldsOf(payload)["requestId"]));
    });
    try {
      await this.list();
    } catch (error) {
      this.#session = undefined;
      await session.close();
      return { reason: printable(messageOf(error)), advice: RECONNECTS };
    }
    onUp();
    return { reason: `the gateway closed (${await closed})`, advice: RECONNECTS };
  }

  async #request(method: string, params: object = {}): Promise<unknown> {
    if (!this.#session) throw new Error("the operator connection is down");
    return this.#session.request(method, params, REQUEST_MS);
  }

  #remember(value: unknown): void {
    const request = readPendingRequest(value);
    if (request && this.#pending.size < PENDING_LIMIT) this.#pending.set(request.requestId, request);
  }
}

/** Why there is no connection, and what to do. */
type LinkLoss = ReturnType<typeof handshakeLoss>;

function handshakeLoss(failure: SessionFailure) {
  if (failure.failureCode === UNTRUSTED_PEER) return { reason: String(failure.failure), advice: UNTRUSTED };
  const transcript = transcriptOf(failure);
  const verdict = judge(transcript);
  const { outcome, reason } = verdict;
  return {
    reason: reason === undefined ? outcome : `${outcome}: ${reason}`,
    advice: outcome === "unauthorized" ? WRONG_TOKEN : (adviceFor(verdict, transcript) ?? RECONNECTS),
  };
}
