import ipaddr from "ipaddr.js";
import { isLoopbackAddress, parseAddress } from "../net/ip-address.ts";
import { refuse, type Refusal } from "../errors.ts";

/** How many failures in a row a caller may have before it is slowed. */
const BURST = 10;
/** What a failure costs: in the long run a caller guesses once in so many milliseconds, however it goes about it. */
const INTERVAL_MS = 15_000;
/** The longest that a caller can be made to wait, whatever it did. */
const DEBT_LIMIT_MS = 60 * 60_000;
/** Callers remembered; beyond it the one whose last failure is the oldest is forgotten. */
const CALLER_LIMIT = 10_000;
/** Longer than the Origin of any page: a host name has at most 253 characters (RFC 1035 section 2.3.4). */
const ORIGIN_LENGTH = 300;

/** For tests; the defaults are what a shim uses. */
export interface GuessLimits {
  readonly burst?: number;
  readonly intervalMs?: number;
  readonly debtLimitMs?: number;
  readonly callerLimit?: number;
}

/**
 * Whose failures count together: a peer on another machine, or a page on this one. Undefined for a loopback tool
 * without Origin: it could go to the gateway itself, so to slow it here would only lock out.
 *
 * A peer's pages count with the peer, which could send any Origin. IPv6 peers count by their /64, the smallest part of
 * the address space that is given to one customer (RFC 6177).
 */
export function guessingCaller(remoteAddress: string, origin: string | undefined): string | undefined {
  if (isLoopbackAddress(remoteAddress)) {
    return origin === undefined ? undefined : `origin ${origin.toLowerCase().slice(0, ORIGIN_LENGTH)}`;
  }
  const address = parseAddress(remoteAddress);
  if (address instanceof ipaddr.IPv6) {
    const network = address.parts.slice(0, 4).map((part) => part.toString(16));
    return `peer ${network.join(":")}::/64`;
  }
  return `peer ${address?.toString() ?? remoteAddress}`;
}

/**
 * Slows those who guess. OpenClaw exempts local callers from its own limit (`auth-rate-limit.ts`), and the shim makes
 * its callers local. Each failure the gateway reported takes one of `BURST` places, and a place comes back every
 * `INTERVAL_MS` (the generic cell rate algorithm of ITU-T I.371). Attempts side by side, whose failures come in only
 * after all were let in, run into debt and are paid for afterwards: the rate holds for them too. Nobody is locked out
 * for longer than the debt, and one success clears it.
 *
 * Pure: the clock is handed in, and must be monotonic.
 */
export class GuessLimiter {
  readonly #now: () => number;
  readonly #limits: Required<GuessLimits>;
  /** When each caller's last failure will be paid for, in the order of their last failures. */
  readonly #paidAt = new Map<string, number>();

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number, limits: GuessLimits = {}) {
    this.#now = now;
    this.#limits = {
      burst: BURST,
      intervalMs: INTERVAL_MS,
      debtLimitMs: DEBT_LIMIT_MS,
      callerLimit: CALLER_LIMIT,
      ...limits,
    };
  }

  /** Callers remembered now. */
  get size(): number {
    return this.#paidAt.size;
  }

  /** Whether a caller has to wait; `retryAfterS` says how long. */
  check(caller: string | undefined): Refusal | undefined {
    const paidAt = caller === undefined ? undefined : this.#paidAt.get(caller);
    if (caller === undefined || paidAt === undefined) return undefined;
    const debt = paidAt - this.#now();
    if (debt <= 0) this.#paidAt.delete(caller);
    const wait = debt - (this.#limits.burst - 1) * this.#limits.intervalMs;
    if (wait <= 0) return undefined;
    const retryAfterS = Math.ceil(wait / 1000);
    return { ...refuse("too_many_failures", String(retryAfterS)), retryAfterS };
  }

  /** The gateway refused a caller's credential. */
  failed(caller: string | undefined): void {
    if (caller === undefined) return;
    const now = this.#now();
    const { intervalMs, debtLimitMs, callerLimit } = this.#limits;
    const paidAt = Math.max(this.#paidAt.get(caller) ?? now, now) + intervalMs;
    this.#paidAt.delete(caller);
    this.#paidAt.set(caller, Math.min(paidAt, now + debtLimitMs));
    if (this.#paidAt.size > callerLimit) this.#paidAt.delete(this.#paidAt.keys().next().value ?? "");
  }

  /** The gateway took a caller's credential. */
  succeeded(caller: string | undefined): void {
    if (caller !== undefined) this.#paidAt.delete(caller);
  }
}
