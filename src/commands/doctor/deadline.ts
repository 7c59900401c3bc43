/** How long a run and its parts may take, in milliseconds. */
export interface Limits {
  /** All of looking, after which nothing new is begun. */
  readonly gather: number;
  /** All of cleaning up, which comes after it. */
  readonly clear: number;
  /** One handshake. */
  readonly handshake: number;
  /** One question: to a port, a page, or a gateway that answered before. */
  readonly question: number;
}

/**
 * A run ends within 15 s, whatever does not answer. A gateway that has just started is busy with its plugins for
 * seconds (2026.4.5: five on two busy processors).
 */
export const LIMITS: Limits = { gather: 11_000, clear: 3_000, handshake: 7_000, question: 2_000 };

/** The time that a part of a run may take: each of its waits takes a share of what is left. */
export class Deadline {
  readonly #limits: Limits;
  #end: number;

  constructor(part: "gather" | "clear", limits: Limits) {
    this.#limits = limits;
    // On the clock that never jumps.
    this.#end = performance.now() + limits[part];
  }

  /** Whether nothing new should be begun. */
  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Milliseconds for one handshake or question, at least 1. */
  for(wait: "handshake" | "question"): number {
    return Math.max(1, Math.min(this.#limits[wait], Math.round(this.#end - performance.now())));
  }

  /** From now on no time is left. */
  expire(): void {
    this.#end = performance.now();
  }
}
