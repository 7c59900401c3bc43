import type { Slot } from "../src/server/slots.ts";
import type { UpgradeListener } from "../src/upstream/websocket-upgrade.ts";

/** Replaces the product's `UpgradeSession` to measure the cost of observing: it reads and reports nothing. */
export class UpgradeSession implements UpgradeListener {
  readonly #slot: Slot;

  constructor(_facts: unknown, _outcomes: unknown, slot: Slot) {
    this.#slot = slot;
  }
  waitForTurn(go: () => void): void {
    go();
  }
  onBytes(): boolean {
    return false;
  }
  onResponse(): void {}
  onResponseContent(): void {}
  onUnreachable(): void {}
  onDenied(): void {}
  onClosed(): void {
    this.#slot.release();
  }
}
