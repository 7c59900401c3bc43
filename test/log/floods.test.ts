import { describe, expect, it, onTestFinished, vi } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

const FLOOD = 300;
const GET = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";

/** Sends one request each on many connections, all of which the shim refuses. */
async function flood({ port }: TestShim, request: string, times = FLOOD): Promise<void> {
  const responses = await Promise.all(Array.from({ length: times }, () => rawClient(port, request).closed()));
  for (const response of responses) expect(statusOf(response)).toBeGreaterThanOrEqual(400);
}

async function shimWithClock(): Promise<TestShim> {
  const gateway = await startRecorder();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  return openShimFor(gateway);
}

describe("a flood of denied requests", () => {
  it.each([
    ["plain requests", GET, "request.denied", "host_not_allowed"],
    ["bytes that are no request", "\x16\x03\x01\r\n\r\n", "request.denied", "malformed_request"],
    ["upgrades", upgradeRequest(["Origin: none"]), "pairing.outcome", "origin_malformed"],
  ])("of %s: the first lines, then their number in each interval", async (_what, request, event, reason) => {
    const shim = await shimWithClock();
    const summaries = (): unknown[] => shim.lines.filter((line) => line["event"] === "log.summary");
    await flood(shim, request);
    expect(shim.lines.filter((line) => line["event"] === event && line["reason"] === reason)).toHaveLength(
      10,
    );
    // Another reason is not hidden by the flood.
    await flood(shim, "CONNECT gateway:1 HTTP/1.1\r\nHost: gateway:1\r\n\r\n", 1);
    expect(shim.lines.at(-1)).toMatchObject({ event: "request.denied", reason: "method_connect" });
    vi.advanceTimersByTime(10_000);
    expect(summaries()).toEqual([
      {
        level: "warn",
        time: expect.any(Number),
        event: "log.summary",
        of: event,
        reason,
        lines: 290,
        msg: expect.any(String),
      },
    ]);

    vi.advanceTimersByTime(60_000);
    expect(summaries()).toHaveLength(1);
    await flood(shim, request, 11);
    expect(shim.lines.filter((line) => line["event"] === event && line["reason"] === reason)).toHaveLength(
      20,
    );
    // What was not logged yet is logged at the end.
    vi.useRealTimers();
    await shim.close();
    expect(summaries().at(-1)).toMatchObject({ of: event, reason, lines: 1 });
  });

  it("is complete in the outcomes and metrics", async () => {
    const shim = await shimWithClock();
    vi.useRealTimers();
    await flood(shim, upgradeRequest(["Origin: none"]));
    expect(shim.outcomes).toHaveLength(FLOOD);
    expect(new Set(shim.outcomes.map(({ conn }) => conn)).size).toBe(FLOOD);
    const [metrics, outcomes] = await Promise.all(
      ["metrics", "outcomes"].map(async (page) =>
        (await fetch(`http://${shim.authority}/__shim__/${page}`)).text(),
      ),
    );
    expect(metrics).toContain(
      `openclaw_shim_outcomes_total{outcome="denied",reason="origin_malformed"} ${FLOOD}\n`,
    );
    expect(JSON.parse(outcomes ?? "")).toHaveLength(200);
  });
});
