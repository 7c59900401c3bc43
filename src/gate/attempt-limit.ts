import type { Refusal } from "../errors.ts";
import { removeFrom } from "../text/list.ts";
import type { AttemptQueue } from "./attempt-queue.ts";
import type { AttemptSource } from "./attempt-source.ts";
import { Handshakes } from "./handshakes.ts";
import type { OriginVerdict } from "./origin.ts";

/** With fewer attempts in progress the bounds are not looked at: none is smaller. */
const FEW = 3;
const DEVICE_LIMIT = 10_000;

/** An attempt to authenticate that wants to go on to the gateway. */
export interface AttemptRequest {
  readonly source: AttemptSource;
  /** The Origin of a handshake. The gateway counts what a handshake carries by its Origin. */
  readonly origin: OriginVerdict;
  /** Returns false once the client has disconnected. */
  readonly isOpen: () => boolean;
  /** Resolves with true if a device makes the attempt that need not wait. */
  readonly isKnown?: (() => Promise<boolean>) | undefined;
  /** The credential is known to be right: the attempt does not count. */
  readonly isRight?: () => boolean;
}

/** An attempt that went on, at `at` in ms of the clock. */
export interface Attempt extends Pick<AttemptRequest, "source" | "origin"> {
  readonly at: number;
  hasFailed: boolean;
}

/**
 * Limits attempts to authenticate that have not succeeded, from wherever they come. OpenClaw does not limit local
 * callers, and the shim makes its callers local. An attempt counts from the moment it goes on to the gateway: so do
 * attempts in parallel, and those whose client does not wait for the response. Beyond the bounds attempts wait.
 */
export class AttemptLimit {
  readonly handshakes = new Handshakes();
  readonly #now: () => number;
  /** Those that count, in the order in which they went on. */
  readonly #attempts: Attempt[] = [];
  readonly #devices = new Set<string>();
  #queue: AttemptQueue | undefined;

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Returns the attempt if it goes on at once; else a promise of it, or of its refusal. */
  enter(request: AttemptRequest): Attempt | Promise<Attempt | Refusal> {
    const isFree = this.#attempts.length < FEW || this.#queue?.admits(request);
    return isFree ? this.#begin(request) : this.#wait(request);
  }

  /** Records the gateway's response to an attempt. Without one the attempt counts for some time. */
  settle(attempt: Attempt | undefined, isAccepted: boolean): void {
    if (!attempt) return;
    attempt.hasFailed = !isAccepted;
    if (isAccepted) removeFrom(this.#attempts, attempt);
    // It went on without counting.
    else if (!this.#attempts.includes(attempt)) this.#attempts.push(attempt);
    this.#queue?.serve();
  }

  /** Forgets the attempts of a peer after one of them succeeded. Loopback clients may not be whom they seem. */
  forgive({ peer }: AttemptSource): void {
    if (peer === undefined) return;
    const others = this.#attempts.filter(({ source }) => source.peer !== peer);
    this.#attempts.splice(0, this.#attempts.length, ...others);
  }

  /** Remembers a device that the gateway has accepted; beyond a limit the oldest is forgotten. */
  learnDevice(deviceId: string): void {
    remember(this.#devices, deviceId, DEVICE_LIMIT);
  }

  /** Returns true for a device that the gateway has accepted. */
  knowsDevice(deviceId: string): boolean {
    return this.#devices.has(deviceId);
  }

  /** Forgets a device until it is accepted again: it has one attempt that does not wait. Returns false if it had it. */
  takeDevice(deviceId: string): boolean {
    return this.#devices.delete(deviceId);
  }

  #begin({ source, origin, isRight }: AttemptRequest): Attempt {
    const attempt = { source, origin, at: this.#now(), hasFailed: false };
    if (!isRight?.()) this.#attempts.push(attempt);
    return attempt;
  }

  async #wait(request: AttemptRequest): Promise<Attempt | Refusal> {
    if (await request.isKnown?.()) return { ...request, at: this.#now(), hasFailed: false };
    const { AttemptQueue } = await import("./attempt-queue.ts");
    this.#queue ??= new AttemptQueue(this.#attempts, this.#now, (entry) => this.#begin(entry));
    return this.#queue.add(request);
  }
}

/** Adds a value to a set; beyond `limit` values the oldest is forgotten. */
export function remember(values: Set<string>, value: string, limit: number): void {
  values.add(value);
  if (values.size > limit) values.delete(values.values().next().value ?? "");
}
