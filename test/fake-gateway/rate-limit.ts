import { isLoopback } from "./locality.ts";

/** OpenClaw's defaults (`auth-rate-limit.ts`): ten failures in a minute lock a client out for five. */
export interface RateLimitOptions {
  readonly maxAttempts?: number;
  readonly windowMs?: number;
  readonly lockoutMs?: number;
  /** Whether clients of this machine are not counted; default true. Pages always are. */
  readonly exemptLoopback?: boolean;
}

interface Entry {
  failures: number[];
  lockedUntil: number;
}

/** Counts failed authentications by client. Its keys are addresses or origins that this machine made: few. */
export class RateLimiter {
  readonly #entries = new Map<string, Entry>();
  readonly #maxAttempts: number;
  readonly #windowMs: number;
  readonly #lockoutMs: number;
  readonly #exemptLoopback: boolean;

  constructor(options: RateLimitOptions = {}) {
    this.#maxAttempts = options.maxAttempts ?? 10;
    this.#windowMs = options.windowMs ?? 60_000;
    this.#lockoutMs = options.lockoutMs ?? 300_000;
    this.#exemptLoopback = options.exemptLoopback ?? true;
  }

  /** Whether failures from this address are not counted. */
  exempts(address: string): boolean {
    return this.#exemptLoopback && isLoopback(address);
  }

  /** @returns for how many milliseconds the client is locked out; 0 when it is not. */
  lockedFor(key: string, now: number): number {
    const until = this.#entries.get(key)?.lockedUntil ?? 0;
    return Math.max(0, until - now);
  }

  /** Counts one failure, unless the client is locked out already. */
  fail(key: string, now: number): void {
    if (this.lockedFor(key, now) > 0) return;
    const entry = this.#entries.get(key) ?? { failures: [], lockedUntil: 0 };
    entry.failures = [...entry.failures.filter((at) => at > now - this.#windowMs), now];
    if (entry.failures.length >= this.#maxAttempts) entry.lockedUntil = now + this.#lockoutMs;
    this.#entries.set(key, entry);
  }

  /** Forgets a client that has authenticated. */
  reset(key: string): void {
    this.#entries.delete(key);
  }
}
