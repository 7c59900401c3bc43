/** The time that a run may take as a whole: each of its waits takes a share of what is left. */
export class Deadline {
  #end: number;

  /** @param ms from now, on the clock that never jumps */
  constructor(ms: number) {
    this.#end = performance.now() + ms;
  }

  /** Whether nothing new should be begun. */
  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Milliseconds for one wait: at most `ms`, at least 1. */
  within(ms: number): number {
    return Math.max(1, Math.min(ms, Math.round(this.#end - performance.now())));
  }

  /** From now on no time is left. */
  expire(): void {
    this.#end = performance.now();
  }
}
