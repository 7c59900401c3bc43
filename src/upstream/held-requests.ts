import type { Socket } from "node:net";
import { removeFrom } from "../text/list.ts";
import type { DialResult } from "./dial.ts";

/** Time between two attempts to reach a gateway that is not up, in ms: at first, and at most. */
const RETRY_MS = { first: 100, most: 500 };
/** Codes of failures that no retry can fix: a wrong certificate, a bad address. */
const FINAL = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ENOTFOUND|EACCES|EPERM/;
/**
 * Requests that waited and are at the gateway together. One that has just started is slow, and it refuses upgrades with
 * 503 while 32 handshakes are unauthenticated (docs/gateway.md section 4).
 */
const TURNS = 8;
/** Then a turn is over, in ms: a client that sends nothing must not delay the others for long. */
const TURN_MS = 2_000;

/** A request that needs a connection to the gateway. */
export interface DialRequest {
  /** When to stop waiting, in ms of `performance.now()`. */
  readonly deadline: number;
  /** The client's connection. */
  readonly conn: string;
  readonly done: (result: DialResult) => void;
}

/**
 * The requests that wait for a gateway that is not up yet. One attempt serves all of them; after it succeeded, they
 * connect in the order of their arrival, a few at a time.
 */
export class HeldRequests {
  readonly #attempt: (done: (result: DialResult) => void) => () => void;
  /** In the order of their arrival, which is that of their deadlines. */
  readonly #waiting: DialRequest[] = [];
  /** Attempts in progress: the first request that waits gets the connection. */
  readonly #attempts = new Set<() => void>();
  /** The requests at the gateway, by the client's connection. */
  readonly #turns = new Map<string, NodeJS.Timeout>();
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS.first;
  #isUp = false;
  /** Number of requests that have waited, since start. */
  total = 0;

  /** @param attempt tries once to connect, and returns a function that cancels it */
  constructor(attempt: (done: (result: DialResult) => void) => () => void) {
    this.#attempt = attempt;
  }

  /** True if a new request has to wait: for the gateway, or behind others. */
  get isNeeded(): boolean {
    return !this.#isUp || this.#waiting.length > 0;
  }

  /** Adds a request, after an attempt of its own if that failed. Returns a function that removes it. */
  add(request: DialRequest, failed?: DialResult): () => void {
    this.#waiting.push(request);
    this.total += 1;
    if (failed) this.#onFailure(failed);
    else this.#advance();
    return () => {
      removeFrom(this.#waiting, request);
      if (this.#waiting.length === 0) this.#stop();
    };
  }

  /** Is called with the result of every attempt, also of others. */
  note(result: DialResult): void {
    this.#isUp = "socket" in result;
    if (this.#isUp && this.#retry) this.#resume();
  }

  /** Ends the turn of a request whose handshake is over. */
  endTurn(conn: string): void {
    clearTimeout(this.#turns.get(conn));
    if (this.#turns.delete(conn)) this.#advance();
  }

  #advance(): void {
    if (this.#retry) return;
    const free = this.#isUp ? TURNS - this.#turns.size : 1;
    while (this.#attempts.size < Math.min(free, this.#waiting.length)) {
      const cancel = this.#attempt((result) => {
        this.#attempts.delete(cancel);
        if ("socket" in result) this.#onConnected(result.socket);
        else this.#onFailure(result);
        this.#advance();
      });
      this.#attempts.add(cancel);
    }
  }

  #onConnected(socket: Socket): void {
    const request = this.#waiting.shift();
    if (!request) return void socket.destroy();
    const { conn, done } = request;
    clearTimeout(this.#turns.get(conn));
    this.#turns.set(conn, setTimeout(() => this.endTurn(conn), TURN_MS).unref());
    socket.once("close", () => this.endTurn(conn));
    done({ socket });
  }

  #onFailure(result: DialResult): void {
    if (this.#retry) return;
    const isFinal = "failure" in result && FINAL.test(result.failure.code);
    const end = isFinal ? Infinity : performance.now() + RETRY_MS.first;
    let first = this.#waiting[0];
    while (first && first.deadline < end) {
      this.#waiting.shift();
      first.done(result);
      first = this.#waiting[0];
    }
    if (!first) return;
    const ms = Math.min(this.#retryMs, first.deadline - performance.now());
    this.#retry = setTimeout(() => this.#resume(), ms);
    this.#retryMs = Math.min(this.#retryMs * 1.5, RETRY_MS.most);
  }

  #resume(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#isUp) this.#retryMs = RETRY_MS.first;
    this.#advance();
  }

  #stop(): void {
    for (const cancel of this.#attempts) cancel();
    this.#attempts.clear();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#retryMs = RETRY_MS.first;
  }
}
