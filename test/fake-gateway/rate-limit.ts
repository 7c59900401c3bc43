import { isLoopbackAddress } from "../../src/net/ip-address.ts";

/** `gateway.auth.rateLimit`. By default ten failures in a minute lock a client out for five (`auth-rate-limit.ts`). */
export interface RateLimitOptions {
  readonly maxAttempts?: number;
  readonly windowMs?: number;
  readonly lockoutMs?: number;
  /** True if failures of loopback clients are not counted; default true. Those of pages always are. */
  readonly exemptLoopback?: boolean;
}

interface Entry {
  failures: number[];
  lockedUntil: number;
}

/** Counts failed authentication attempts by client. Keys are addresses or origins. */
export class RateLimiter {
  readonly #entries = new Map<string, Entry>();
  readonly #options: Required<RateLimitOptions>;

  constructor(options: RateLimitOptions = {}) {
    const defaults = { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000, exemptLoopback: true };
    this.#options = { ...defaults, ...options };
  }

  /** Returns true if failures from this address are not counted. */
  exempts(address: string): boolean {
    return this.#options.exemptLoopback && isLoopbackAddress(address);
  }

  /** Returns how many milliseconds a client is still locked out, or 0. */
  lockedFor(key: string, now: number): number {
    return Math.max(0, (this.#entries.get(key)?.lockedUntil ?? 0) - now);
  }

  /** Counts one failure, unless the client is locked out. */
  fail(key: string, now: number): void {
    if (this.lockedFor(key, now) > 0) return;
    const { maxAttempts, windowMs, lockoutMs } = this.#options;
    const entry = this.#entries.get(key) ?? { failures: [], lockedUntil: 0 };
    entry.failures = [...entry.failures.filter((at) => at > now - windowMs), now];
    if (entry.failures.length >= maxAttempts) entry.lockedUntil = now + lockoutMs;
    this.#entries.set(key, entry);
  }

  /** Deletes the failures of a client that has authenticated. */
  reset(key: string): void {
    this.#entries.delete(key);
  }
}
