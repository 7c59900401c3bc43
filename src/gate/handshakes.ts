import { removeFrom } from "../text/list.ts";
import type { AttemptSource } from "./attempt-source.ts";

/**
 * Unauthenticated handshakes at the gateway at a time: of all clients, of one group, of one client. From 2026.4 on the
 * gateway refuses every upgrade while it has 32 of them (docs/gateway.md section 4), whoever opened them; so attempts
 * that wait or that the gateway does not respond to (`attempt-bounds.ts`) leave room for others.
 */
const LIMITS = { total: 28, group: 25, client: 22 };
/** With fewer open the limits are not looked at. */
const FEW = 8;

/** The handshakes in progress, and those that wait for one of them to end. */
export class Handshakes {
  readonly #open: AttemptSource[] = [];
  /** In the order of their arrival. */
  readonly #waiting = new Map<AttemptSource, () => void>();

  /** Calls `go` as soon as another handshake of the source may begin. @param source of this handshake alone */
  begin(source: AttemptSource, go: () => void): void {
    if (this.#open.length < FEW || this.#admits(source)) this.#start(source, go);
    else this.#waiting.set(source, go);
  }

  /** Is called when a handshake is over, or its client has disconnected; further calls do nothing. */
  end(source: AttemptSource): void {
    this.#waiting.delete(source);
    if (!removeFrom(this.#open, source)) return;
    for (const [next, go] of this.#waiting) {
      if (!this.#admits(next)) continue;
      this.#waiting.delete(next);
      this.#start(next, go);
    }
  }

  #start(source: AttemptSource, go: () => void): void {
    this.#open.push(source);
    go();
  }

  #admits({ group, client }: AttemptSource): boolean {
    let [ofGroup, ofClient] = [0, 0];
    for (const open of this.#open) {
      if (open.group === group) ofGroup += 1;
      if (open.client === client) ofClient += 1;
    }
    return this.#open.length < LIMITS.total && ofGroup < LIMITS.group && ofClient < LIMITS.client;
  }
}
