import type { ConnectFailure, Refusal } from "./errors.ts";
import { HandshakeObserver, type BeforeConnect } from "./outcome/observer.ts";
import type { Outcomes, UpgradeFacts } from "./outcome/outcomes.ts";
import type { Transcript } from "./outcome/transcript.ts";
import type { Side } from "./upstream/splice.ts";
import type { UpgradeListener } from "./upstream/websocket-upgrade.ts";

/**
 * The state of one upgrade, from its request to the end of its connection. At the outcome the facts and the observer
 * are released, at the end the slot: a connection may stay open for weeks after its handshake.
 */
export class UpgradeSession implements UpgradeListener {
  readonly #outcomes: Outcomes;
  readonly #releaseSlot: () => void;
  #facts: UpgradeFacts | undefined;
  #observer: HandshakeObserver | undefined;

  constructor(
    facts: UpgradeFacts,
    outcomes: Outcomes,
    releaseSlot: () => void,
    beforeConnect?: BeforeConnect,
  ) {
    this.#facts = facts;
    this.#outcomes = outcomes;
    this.#releaseSlot = releaseSlot;
    this.#observer = new HandshakeObserver((transcript) => this.#settle(transcript), beforeConnect);
  }

  onBytes(from: Side, chunk: Buffer): boolean | Promise<boolean> {
    return this.#observer?.onBytes(from, chunk) ?? false;
  }

  onResponse(status: number): void {
    this.#observer?.onResponse(status);
  }

  onResponseContent(bytes: Buffer): void {
    this.#observer?.onResponseContent(bytes);
  }

  onUnreachable(failure: ConnectFailure): void {
    this.#observer?.onUnreachable(failure);
  }

  onDenied(refusal: Refusal): void {
    const facts = this.#facts;
    this.#observer?.stop();
    this.#release();
    if (facts) this.#outcomes.denied(facts, refusal);
  }

  onClosed(first: Side): void {
    // First: a user's logger may throw.
    this.#releaseSlot();
    this.#observer?.onClosed(first);
  }

  #settle(transcript: Readonly<Transcript>): void {
    const facts = this.#facts;
    this.#release();
    if (facts) this.#outcomes.observed(facts, transcript);
  }

  #release(): void {
    this.#facts = undefined;
    this.#observer = undefined;
  }
}
