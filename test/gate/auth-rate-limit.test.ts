import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AuthRateLimit } from "../../src/gate/auth-rate-limit.ts";

const PEER = "peer 192.0.2.7";

/** A limiter whose clock the test advances: three failures, then one in ten seconds. */
function limiterAt(limits = {}): { limiter: AuthRateLimit; advance: (ms: number) => void } {
  let now = 1_000_000;
  const limiter = new AuthRateLimit(() => now, { burst: 3, intervalMs: 10_000, ...limits });
  return { limiter, advance: (ms) => (now += ms) };
}

describe("AuthRateLimit", () => {
  it("admits the burst, then one in each interval, and returns how long to wait", () => {
    const { limiter, advance } = limiterAt();
    for (let i = 0; i < 3; i += 1) {
      expect(limiter.check(PEER)).toBeUndefined();
      limiter.failed(PEER);
    }
    expect(limiter.check(PEER)).toMatchObject({ code: "too_many_failures", status: 429, retryAfterS: 10 });
    advance(9_001);
    expect(limiter.check(PEER)).toMatchObject({ retryAfterS: 1 });
    advance(999);
    expect(limiter.check(PEER)).toBeUndefined();
    limiter.failed(PEER);
    expect(limiter.check(PEER)).toMatchObject({ retryAfterS: 10 });
  });

  it("resets at the first success", () => {
    const { limiter } = limiterAt();
    for (let i = 0; i < 9; i += 1) limiter.failed(PEER);
    limiter.succeeded(PEER);
    expect([limiter.check(PEER), limiter.size]).toEqual([undefined, 0]);
  });

  it("never delays a client longer than the maximum backoff", () => {
    const { limiter, advance } = limiterAt({ maxBackoffMs: 60_000 });
    for (let i = 0; i < 10_000; i += 1) limiter.failed(PEER);
    expect(limiter.check(PEER)).toMatchObject({ retryAfterS: 40 });
    advance(40_000);
    expect(limiter.check(PEER)).toBeUndefined();
  });

  it("limits the rate of attempts that are admitted in parallel", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30_000), fc.nat(40)), { maxLength: 60 }), (rounds) => {
        const { limiter, advance } = limiterAt({ maxBackoffMs: Infinity });
        let [elapsed, attempts, widest] = [0, 0, 0];
        for (const [ms, width] of rounds) {
          advance(ms);
          elapsed += ms;
          if (limiter.check(PEER)) continue;
          // All of a round are admitted before the first of them fails.
          for (let i = 0; i < width; i += 1) limiter.failed(PEER);
          attempts += width;
          widest = Math.max(widest, width);
        }
        expect(attempts).toBeLessThanOrEqual(3 + elapsed / 10_000 + widest);
      }),
    );
  });

  it("never lets one client block another, nor a tool without a key", () => {
    const steps = fc.array(fc.tuple(fc.nat(9), fc.nat(5_000)), { maxLength: 300 });
    fc.assert(
      fc.property(steps, (failures) => {
        const { limiter, advance } = limiterAt();
        for (const [client, ms] of failures) {
          advance(ms);
          limiter.failed(`peer ${client}`);
          limiter.failed(undefined);
        }
        expect(limiter.check("peer another")).toBeUndefined();
        expect(limiter.check(undefined)).toBeUndefined();
      }),
    );
  });

  it("remembers a bounded number of clients, and forgets the one that failed longest ago", () => {
    const { limiter } = limiterAt({ maxClients: 100 });
    for (let i = 0; i < 3; i += 1) limiter.failed(PEER);
    for (let i = 0; i < 50_000; i += 1) {
      limiter.failed(`peer ${i}`);
      if (i % 50 === 0) limiter.failed(PEER);
    }
    expect(limiter.size).toBe(100);
    expect(limiter.check(PEER)).toBeDefined();
    expect(limiter.check("peer 0")).toBeUndefined();
  });
});
