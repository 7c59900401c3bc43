import { refuse, type Refusal } from "../errors.ts";

/** The limits of one shim; tests set smaller ones. */
const DEFAULTS = {
  /** Failures in a row before a client is delayed. */
  burst: 10,
  /** In the long run a client may fail once in so many milliseconds. */
  intervalMs: 15_000,
  /** The longest backoff, whatever a client did. */
  maxBackoffMs: 60 * 60_000,
  /** Clients remembered; beyond it the one whose last failure is the oldest is forgotten. */
  maxClients: 10_000,
};
/**
 * Limits failed authentication attempts. OpenClaw exempts local callers from its own limit (`auth-rate-limit.ts`), and
 * the shim makes its callers local. Each failure that the gateway reported uses one of `burst` slots, and a slot is
 * free again after `intervalMs` (the generic cell rate algorithm of ITU-T I.371). Attempts in parallel, whose failures
 * are known only after all were admitted, are paid for afterwards: the rate holds for them too.
 */
export class AuthRateLimit {
  readonly #now: () => number;
  readonly #limits: typeof DEFAULTS;
  /** When the failures of each client are paid for, in the order of their last failures. */
  readonly #paidAt = new Map<string, number>();

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number, limits: Partial<typeof DEFAULTS> = {}) {
    this.#now = now;
    this.#limits = { ...DEFAULTS, ...limits };
  }

  /** Number of clients remembered. */
  get size(): number {
    return this.#paidAt.size;
  }

  /** Returns a refusal with `retryAfterS` if a client has to wait. */
  check(client = ""): Refusal | undefined {
    const paidAt = this.#paidAt.get(client);
    if (paidAt === undefined) return undefined;
    const backoff = paidAt - this.#now();
    if (backoff <= 0) this.#paidAt.delete(client);
    const wait = backoff - (this.#limits.burst - 1) * this.#limits.intervalMs;
    if (wait <= 0) return undefined;
    const retryAfterS = Math.ceil(wait / 1000);
    return refuse("too_many_failures", String(retryAfterS), retryAfterS);
  }

  /** Records that the gateway rejected a client's credential. */
  failed(client: string | undefined): void {
    if (client === undefined) return;
    const now = this.#now();
    const { intervalMs, maxBackoffMs, maxClients } = this.#limits;
    const paidAt = Math.max(this.#paidAt.get(client) ?? now, now) + intervalMs;
    this.#paidAt.delete(client);
    this.#paidAt.set(client, Math.min(paidAt, now + maxBackoffMs));
    if (this.#paidAt.size > maxClients) this.#paidAt.delete(this.#paidAt.keys().next().value ?? "");
  }

  /** Records that the gateway accepted a client's credential. */
  succeeded(client = ""): void {
    this.#paidAt.delete(client);
  }
}
