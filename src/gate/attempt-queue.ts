import { refuse, type Refusal } from "../errors.ts";
import {
  boundsOf,
  countAttempts,
  countTogether,
  FORGET_MS,
  isSameClient,
  WAIT_MS,
  type AttemptCounts,
} from "./attempt-bounds.ts";
import type { Attempt, AttemptRequest } from "./attempt-limit.ts";

const TICK_MS = 100;
/** A client with fewer attempts is a newcomer: anybody may mistype a password. */
const FEW = 4;

interface Waiting extends AttemptRequest {
  readonly resolve: (result: Attempt | Refusal) => void;
  /** In ms of the clock. */
  readonly until: number;
}

/**
 * Attempts that wait for their turn. Each goes on in time, unless it is suspicious: few of these may wait, and those
 * that cannot go on in time are refused. Clients with fewer attempts go on earlier and are refused later.
 *
 * A right credential is not recognized before its turn: a client that noticed could try any number of them.
 */
export class AttemptQueue {
  readonly #attempts: Attempt[];
  readonly #now: () => number;
  readonly #begin: (request: AttemptRequest) => Attempt;
  /** In the order of their arrival. */
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param attempts those that count; the oldest are deleted from it @param begin lets an attempt go on */
  constructor(attempts: Attempt[], now: () => number, begin: (request: AttemptRequest) => Attempt) {
    this.#attempts = attempts;
    this.#now = now;
    this.#begin = begin;
  }

  /** Returns true if an attempt may go on, and no other of its client waits. */
  admits(request: AttemptRequest): boolean {
    return !this.#waiting.some((entry) => isSameClient(entry, request)) && this.#count(request).isFree;
  }

  /** Resolves with the attempt when it goes on, or with its refusal. */
  add(request: AttemptRequest): Promise<Attempt | Refusal> {
    return new Promise((resolve) => {
      this.#waiting.push({ ...request, resolve, until: this.#now() + WAIT_MS });
      this.#timer ??= setInterval(() => this.serve(), TICK_MS).unref();
      this.serve();
    });
  }

  /** Lets those go on that may, and refuses those that cannot any more. */
  serve(): void {
    this.#refuseExcess();
    for (const entry of this.#newcomersFirst("oldest")) {
      const isDue = this.#now() >= entry.until;
      const { isFree, isFreeAtLast } = this.#count(entry);
      if (entry.isOpen() && (isDue ? isFreeAtLast : isFree)) this.#remove(entry, this.#begin(entry));
      else if (isDue || !entry.isOpen()) this.#remove(entry, tooManyAttempts(entry));
    }
    if (this.#waiting.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Keeps as many suspicious attempts as can go on in time. */
  #refuseExcess(): void {
    const kept: Waiting[] = [];
    for (const entry of this.#newcomersFirst("latest")) {
      if (!entry.isOpen() || !this.#count(entry).isSuspicious) continue;
      const isKept = kept.filter((other) => countTogether(other, entry)).length < boundsOf(entry).waiting;
      if (isKept) kept.push(entry);
      else this.#remove(entry, tooManyAttempts(entry));
    }
  }

  /** Returns those that wait, by the attempts of their group, then of their client, then by their arrival. */
  #newcomersFirst(then: "oldest" | "latest"): Waiting[] {
    const waiting = this.#waiting.map((entry) => {
      const { group, client } = this.#count(entry);
      return { entry, group, client: Math.floor(client / FEW) };
    });
    if (then === "latest") waiting.reverse();
    return waiting.sort((a, b) => a.group - b.group || a.client - b.client).map(({ entry }) => entry);
  }

  #remove(entry: Waiting, result: Attempt | Refusal): void {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    entry.resolve(result);
  }

  #count(request: AttemptRequest): AttemptCounts {
    const now = this.#now();
    while (now - (this.#attempts[0]?.at ?? now) >= FORGET_MS) this.#attempts.shift();
    return countAttempts(this.#attempts, request, now);
  }
}

function tooManyAttempts(request: AttemptRequest): Refusal {
  const retryAfterS = boundsOf(request).windowMs / 1000;
  return refuse("too_many_failures", String(retryAfterS), retryAfterS);
}
