/**
 * How long a run and its parts may take, in ms: all gathering, then removing the test devices, one handshake, one
 * request to a server that has responded before. A gateway that has just started is busy for seconds (2026.4.5: 5 s on
 * two busy processors); still, a run ends within 15 s.
 */
export const LIMITS = { gather: 11_000, clear: 3_000, handshake: 7_000, request: 2_000 };

export type Limits = Readonly<typeof LIMITS>;

/** The time left for a run, on the monotonic clock. */
export class Deadline {
  readonly #limits: Limits;
  #end = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.start("gather");
  }

  /** True if nothing new should be started. */
  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Returns the milliseconds that one handshake or request may take, at least 1. */
  for(wait: "handshake" | "request"): number {
    return Math.max(1, Math.min(this.#limits[wait], Math.round(this.#end - performance.now())));
  }

  /** Starts the time of a part of the run. */
  start(part: "gather" | "clear"): void {
    this.#end = performance.now() + this.#limits[part];
  }

  /** Ends the current part now. */
  expire(): void {
    this.#end = performance.now();
  }
}
