import * as fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { AttemptLimit, type Attempt, type AttemptRequest } from "../../src/gate/attempt-limit.ts";
import { AttemptSource } from "../../src/gate/attempt-source.ts";

type Origin = AttemptRequest["origin"];
/** What the gateway does with an attempt: at once, or never. */
type Response = "accepts" | "rejects" | "is silent";

/** One attempt, and what became of it. */
interface Tried {
  readonly source: AttemptSource;
  readonly startedAt: number;
  /** When it went on, or was refused. */
  wentOnAt?: number;
  refusedAt?: number;
}

const WINDOW = { absent: 15_000, own: 61_000, foreign: 61_000 };
const TOTAL = { absent: 29, own: 9, foreign: 9 };
/** The longest wait, in ms: 4,500 and a tick. */
const LONGEST = 4_600;

const local = (origin: Origin = "absent"): AttemptSource => new AttemptSource("127.0.0.1", origin, []);
const behindProxy = (address: string, origin: Origin = "absent"): AttemptSource =>
  new AttemptSource("127.0.0.1", origin, [["X-Forwarded-For", address]]);

class Scene {
  now = 1_000_000;
  readonly limit = new AttemptLimit(() => this.now);
  readonly tried: Tried[] = [];

  async attempt(
    source: AttemptSource,
    response: Response,
    rest: Partial<AttemptRequest> = {},
  ): Promise<Tried> {
    const tried: Tried = { source, startedAt: this.now };
    this.tried.push(tried);
    const respond = (attempt: Attempt): void => {
      tried.wentOnAt = this.now;
      if (response !== "is silent") this.limit.settle(attempt, response === "accepts");
    };
    const entered = this.limit.enter({ source, origin: source.origin, isOpen: () => true, ...rest });
    if (!(entered instanceof Promise)) respond(entered);
    else
      void entered.then((result) => {
        if ("code" in result) tried.refusedAt = this.now;
        else respond(result);
        return undefined;
      });
    await settled();
    return tried;
  }

  async many(times: number, source: () => AttemptSource, response: Response): Promise<Tried[]> {
    return Promise.all(Array.from({ length: times }, () => this.attempt(source(), response)));
  }

  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.now += Math.min(left, 100);
      vi.advanceTimersByTime(Math.min(left, 100));
      await settled();
    }
  }
}

/** Promises and dynamic imports have settled. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

function waitOf({ startedAt, wentOnAt = Infinity }: Tried): number {
  return wentOnAt - startedAt;
}

/** The most that went on in any window. */
function mostInWindow(tried: readonly Tried[], windowMs: number): number {
  const times = tried.flatMap(({ wentOnAt }) => wentOnAt ?? []).toSorted((a, b) => a - b);
  return Math.max(0, ...times.map((from, i) => times.findLastIndex((at) => at < from + windowMs) - i + 1));
}

// The first attempt that waits loads it.
beforeAll(() => import("../../src/gate/attempt-queue.ts"));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
});

describe("attempts", () => {
  it("that succeed are not limited, however many there are", async () => {
    const scene = new Scene();
    const tried = await scene.many(500, () => local("own"), "accepts");
    expect(Math.max(...tried.map(waitOf))).toBe(0);
  });

  it("without a response wait, but are not refused without a failure", async () => {
    const scene = new Scene();
    await scene.many(40, () => local(), "is silent");
    await scene.advance(1_000);
    expect(scene.tried.filter(({ wentOnAt }) => wentOnAt !== undefined)).toHaveLength(11);
    expect(scene.tried.filter(({ refusedAt }) => refusedAt !== undefined)).toEqual([]);
  });

  it.each(["absent", "own", "foreign"] as const)(
    "that fail in parallel are limited, with an Origin that is %s",
    async (origin) => {
      const scene = new Scene();
      await scene.many(300, () => behindProxy("203.0.113.7", origin), "rejects");
      await scene.advance(LONGEST);
      const wentOn = scene.tried.filter(({ wentOnAt }) => wentOnAt !== undefined);
      expect(wentOn.length).toBeLessThanOrEqual(origin === "absent" ? 14 : 4);
      expect(scene.tried.filter(({ refusedAt }) => refusedAt !== undefined)).toHaveLength(
        300 - wentOn.length,
      );
    },
  );

  it.each(["absent", "own"] as const)(
    "of the same client go on in time after 300 failures, with an Origin that is %s",
    async (origin) => {
      const scene = new Scene();
      await scene.many(300, () => behindProxy("203.0.113.7", origin), "rejects");
      const owner = await scene.attempt(behindProxy("203.0.113.7", origin), "accepts");
      await scene.advance(LONGEST);
      expect(waitOf(owner)).toBeLessThanOrEqual(LONGEST);
    },
  );

  it("do not count if the client has disconnected before their turn", async () => {
    const scene = new Scene();
    await scene.many(10, () => local(), "rejects");
    await scene.attempt(local(), "rejects", { isOpen: () => false });
    await scene.advance(900);
    const next = await scene.attempt(local(), "rejects");
    await scene.advance(100);
    expect(waitOf(next)).toBe(100);
  });

  it("with a credential known to be right do not count", async () => {
    const scene = new Scene();
    for (let i = 0; i < 50; i += 1) await scene.attempt(local(), "is silent", { isRight: () => true });
    expect(Math.max(...scene.tried.map(waitOf))).toBe(0);
  });

  it("of a known device do not wait, once until the device succeeds again", async () => {
    const scene = new Scene();
    const asDevice = { isKnown: async () => scene.limit.takeDevice("d") };
    await scene.many(300, () => local(), "rejects");
    scene.limit.learnDevice("d");
    expect(waitOf(await scene.attempt(local(), "rejects", asDevice))).toBe(0);
    expect(waitOf(await scene.attempt(local(), "rejects", asDevice))).toBe(Infinity);
    scene.limit.learnDevice("d");
    expect(waitOf(await scene.attempt(local(), "accepts", asDevice))).toBe(0);
  });
});

describe("whatever others try", () => {
  const origins = fc.constantFrom<Origin>("absent", "absent", "own", "foreign");
  const responses = fc.constantFrom<Response>("rejects", "rejects", "is silent");
  const steps = fc.array(
    fc.record({
      ms: fc.constantFrom(0, 0, 0, 100, 900, 4_600),
      times: fc.integer({ min: 1, max: 40 }),
      address: fc.constantFrom("203.0.113.1", "203.0.113.2"),
      direct: fc.boolean(),
      response: responses,
    }),
    { minLength: 1, maxLength: 25 },
  );

  it("the attempts that go on are limited, and another client's goes on in time", async () => {
    await fc.assert(
      fc.asyncProperty(steps, origins, async (attack, origin) => {
        const scene = new Scene();
        for (const { ms, times, address, direct, response } of attack) {
          await scene.advance(ms);
          await scene.many(
            times,
            () =>
              direct ? new AttemptSource("127.0.0.1", origin, [["Via", "x"]]) : behindProxy(address, origin),
            response,
          );
        }
        const owner = await scene.attempt(local(origin === "foreign" ? "own" : origin), "accepts");
        await scene.advance(LONGEST);
        expect(waitOf(owner)).toBeLessThanOrEqual(LONGEST);
        const others = scene.tried.filter((tried) => tried !== owner);
        expect(mostInWindow(others, WINDOW[origin])).toBeLessThanOrEqual(TOTAL[origin]);
        await scene.advance(30_000);
        expect(scene.tried.every(({ wentOnAt, refusedAt }) => (wentOnAt ?? refusedAt) !== undefined)).toBe(
          true,
        );
      }),
      { numRuns: 60 },
    );
  });
});
