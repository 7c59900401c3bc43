import type { Slot } from "../src/server/slots.ts";

/** Replaces the product's `UpgradeSession` to measure the cost of observing: it reads and reports nothing. */
export class UpgradeSession {
  readonly #slot: Slot;

  constructor(_facts: unknown, _outcomes: unknown, slot: Slot) {
    this.#slot = slot;
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
