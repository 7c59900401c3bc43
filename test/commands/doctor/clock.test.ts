import { describe, expect, it } from "vitest";
import { setClock } from "../../support/clock.ts";
import { makeHome, sectionOf, startTestGateway } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

describe("doctor, where the clock", () => {
  it.each([
    ["was never set", 0],
    ["is far ahead", "2199-01-01"],
  ])("%s, finds all well, in its time", async (_what, now) => {
    const gateway = await startTestGateway();
    setClock(now);

    const run = await runDoctor([], { HOME: makeHome(sectionOf(gateway)) });

    expect(toFix(run)).toEqual([]);
    expect(run).toMatchObject({ code: 0, local: true, left: [] });
    expect(gateway.pairing.paired).toEqual([]);
  });

  it("was set back, says so of a request that will not expire soon", async () => {
    const request = {
      requestId: "11111111-2222-4333-8444-555555555555",
      deviceId: "d".repeat(64),
      publicKey: "k",
      clientId: "cli",
      role: "operator",
      scopes: ["operator.read"],
      ts: Date.parse("2030-01-01T10:00:00Z"),
    };
    setClock("2030-01-01T09:00:00Z");
    const home = makeHome({ port: 2 }, { "devices/pending.json": JSON.stringify([request]) });

    const run = await runDoctor([], { HOME: home });

    expect(run.of("pending")[0]?.finding).toContain("its time is 60 min ahead of this clock");
  });
});
