/** How long a run and its parts may take, in milliseconds. */
export interface Limits {
  /** All gathering; after it, nothing new is started. */
  readonly gather: number;
  /** Removing the test devices, after that. */
  readonly clear: number;
  /** One handshake. */
  readonly handshake: number;
  /** One request to a port, a page, or a gateway that has responded before. */
  readonly request: number;
}

/**
 * A run ends within 15 s even if nothing responds. A gateway that has just started is busy with its plugins for
 * seconds (2026.4.5: 5 s on two busy processors).
 */
export const LIMITS: Limits = { gather: 11_000, clear: 3_000, handshake: 7_000, request: 2_000 };

/** The time left for a run, on the monotonic clock: first for gathering, then for removing the test devices. */
export class Deadline {
  readonly #limits: Limits;
  #end: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#end = performance.now() + limits.gather;
  }

  /** True if nothing new should be started. */
  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Returns the milliseconds that one handshake or request may take, at least 1. */
  for(wait: "handshake" | "request"): number {
    return Math.max(1, Math.min(this.#limits[wait], Math.round(this.#end - performance.now())));
  }

  /** Ends the gathering now. */
  expire(): void {
    this.#end = performance.now();
  }

  /** Starts the time for removing the test devices. */
  startClearing(): void {
    this.#end = performance.now() + this.#limits.clear;
  }
}
