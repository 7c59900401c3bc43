import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Refusal } from "../errors.ts";
import { isComplete } from "../server/refusal-response.ts";
import type { Slot } from "../server/slots.ts";
import { printable } from "../text/printable.ts";
import type { Exchange, RequestRelay } from "../upstream/plain-http.ts";
import type { UpgradeFacts } from "./outcomes.ts";
import type { RequestAttempt } from "./request-attempt.ts";

/** What a session of a plain request needs. */
export interface RequestParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly facts: UpgradeFacts;
  readonly slot: Slot;
  readonly logger: Logger;
  /** Sends a refusal, unless a response has begun. */
  readonly refuse: (refusal: Refusal) => void;
}

/** Holds the slot of one plain request until its response is closed, and reports the status to its attempt. */
export class RequestSession {
  /** Undefined when it is over: a session that the garbage collector has not found yet keeps nothing. */
  #parts: RequestParts | undefined;
  #exchange: Exchange | undefined;
  #attempt: RequestAttempt | undefined;

  constructor(parts: RequestParts) {
    const { request, response, facts, slot, refuse } = parts;
    this.#parts = parts;
    // A credential waits for its turn, and a model may think for minutes; a client must send and read.
    const isPrompt = (): boolean => !this.#exchange || (request.complete && !response.writableNeedDrain);
    slot.isSafe = () => facts.sentCredential && isPrompt();
    slot.awaitsBody = () => !request.complete && request.readableFlowing === true;
    slot.end = (refusal) => {
      this.#exchange?.end();
      refuse(refusal);
    };
    // Not with `parts`, which the closures of a retained slot or session would keep.
    response.once("close", () => this.#close());
  }

  /** Forwards the request with a normalized header section; with the attempt that its credential is. */
  relay(relays: RequestRelay, rawHeaders: readonly string[], attempt?: RequestAttempt): void {
    if (!this.#parts) return;
    const { request, response, slot, facts } = this.#parts;
    // A response that is refused or closed would not emit `close` again.
    if (request.socket.destroyed || isComplete(response)) return;
    const { conn } = facts;
    this.#attempt = attempt;
    this.#exchange = relays.relay({ request, response, slot, rawHeaders, conn, onStatus: attempt?.onStatus });
  }

  #close(): void {
    const parts = this.#parts;
    if (!parts) return;
    const { response, slot, logger } = parts;
    const finish = (late?: number): void => {
      slot.release();
      if (late !== undefined) this.#attempt?.onStatus(late);
      if (logger.isLevelEnabled("debug")) log(parts);
      this.#parts = undefined;
      this.#exchange = undefined;
      this.#attempt = undefined;
    };
    // A client may disconnect because it knows that its credential was wrong: 2026.8 and later delay only those responses.
    if (this.#attempt && this.#exchange && !response.headersSent)
      return void this.#exchange.statusAfterAbort().then(finish);
    this.#exchange?.end();
    finish();
  }
}

function log({ request, response, facts, logger }: RequestParts): void {
  const { conn, traceId, peer, path, startedAt } = facts;
  const status = response.headersSent ? response.statusCode : undefined;
  const http = { method: printable(request.method ?? ""), status };
  const ms = Math.round(performance.now() - startedAt);
  logger.debug({ event: "request", conn, traceId, http, peer, path, ms }, "request");
}
