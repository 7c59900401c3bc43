import type { Connections } from "../src/server/connections.ts";

/** Replaces the product's `UpgradeSession` to measure the cost of observing: it reads and reports nothing. */
export class UpgradeSession {
  readonly #connections: Connections;

  constructor(_facts: unknown, _outcomes: unknown, connections: Connections) {
    this.#connections = connections;
  }
  onBytes(): boolean {
    return false;
  }
  onResponse(): void {}
  onResponseContent(): void {}
  onUnreachable(): void {}
  onDenied(): void {}
  onClosed(): void {
    this.#connections.releaseSlot();
  }
}
