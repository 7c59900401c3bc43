import type { ConnectFailure } from "../errors.ts";
import type { Dialer } from "./dial.ts";

/** What is known of the gateway; `since` is wall-clock time, for people. */
export interface Reachability {
  readonly state: "unknown" | "up" | "down";
  readonly since: Date;
  readonly failure?: ConnectFailure;
}

/** Stores the result of the last connection attempt, and reports when it changes. */
export class GatewayMonitor {
  #now: Reachability = { state: "unknown", since: new Date() };
  readonly #onChange: (now: Reachability) => void;
  #probing: Promise<void> | undefined;
  #cancel: () => void = () => {};

  constructor(onChange: (now: Reachability) => void) {
    this.#onChange = onChange;
  }

  get now(): Reachability {
    return this.#now;
  }

  /** Records the result of one connection attempt. */
  note(failure: ConnectFailure | undefined): void {
    const state = failure ? "down" : "up";
    const changed = state !== this.#now.state;
    const since = changed ? new Date() : this.#now.since;
    this.#now = { state, since, ...(failure && { failure }) };
    if (changed) this.#onChange(this.#now);
  }

  /**
   * Connects to the gateway and closes at once. Calls at the same time share one connection.
   *
   * @param dialer calls `note` with the result
   */
  probe(dialer: Dialer): Promise<void> {
    this.#probing ??= new Promise((resolve) => {
      const done = (): void => {
        this.#probing = undefined;
        resolve();
      };
      const cancel = dialer.dial(0, (result) => {
        if ("socket" in result) result.socket.destroy();
        done();
      });
      this.#cancel = () => {
        cancel();
        done();
      };
    });
    return this.#probing;
  }

  /** Cancels a probe in progress. */
  close(): void {
    this.#cancel();
  }
}
