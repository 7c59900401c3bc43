import type { DialFailure } from "./dial.ts";

/** What is known of the gateway's presence; `since` is wall-clock time, for people. */
export interface Reachability {
  readonly state: "unknown" | "up" | "down";
  readonly since: Date;
  readonly failure?: DialFailure;
}

/** Remembers whether the gateway was there at the last attempt, and tells when that changes. */
export class ReachabilityMonitor {
  #now: Reachability = { state: "unknown", since: new Date() };
  readonly #onChange: (now: Reachability) => void;

  constructor(onChange: (now: Reachability) => void) {
    this.#onChange = onChange;
  }

  get now(): Reachability {
    return this.#now;
  }

  /** Takes the result of one attempt to connect. */
  note(failure: DialFailure | undefined): void {
    const state = failure ? "down" : "up";
    const changed = state !== this.#now.state;
    const since = changed ? new Date() : this.#now.since;
    this.#now = { state, since, ...(failure && { failure }) };
    if (changed) this.#onChange(this.#now);
  }
}
