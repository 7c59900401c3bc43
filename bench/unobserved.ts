import type { UpgradeListener } from "../src/upstream/websocket-upgrade.ts";

/** Stands in for the product's `PairingObserver` where the cost of that is measured: reads and reports nothing. */
export class PairingObserver implements UpgradeListener {
  readonly taps = { client: (): boolean => false, gateway: (): boolean => false };
  onAnswer(): void {}
  onAnswerContent(): void {}
  onUnreachable(): void {}
  onDenied(): void {}
  onClosed(): void {}
}
