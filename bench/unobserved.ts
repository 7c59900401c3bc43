/** Replaces the product's `HandshakeObserver` to measure its cost: it reads and reports nothing. */
export class HandshakeObserver {
  onBytes(): boolean {
    return false;
  }
  onResponse(): void {}
  onResponseContent(): void {}
  onUnreachable(): void {}
  onClosed(): void {}
  stop(): void {}
}
