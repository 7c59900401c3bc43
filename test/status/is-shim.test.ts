import { describe, expect, it, onTestFinished } from "vitest";
import { isShim } from "../../src/status/shim-client.ts";
import { startTestGateway } from "../commands/doctor/bench.ts";
import { freePort, startRawServer } from "../support/raw.ts";
import { openTestShim } from "../support/shim.ts";

describe("isShim", () => {
  it("knows a shim, also one whose gateway is not there", async () => {
    const shim = await openTestShim(await freePort());
    onTestFinished(() => shim.close());

    expect(await isShim(shim.authority)).toBe(true);
    expect(shim.lines.filter(({ event }) => event === "request.denied")).toEqual([]);
  });

  it("takes neither a gateway nor nobody for one", async () => {
    const gateway = await startTestGateway();

    expect(await isShim(`127.0.0.1:${gateway.port}`)).toBe(false);
    expect(await isShim(`127.0.0.1:${await freePort()}`)).toBe(false);
  });

  it("does not wait for who never answers", async () => {
    const hanging = await startRawServer();
    onTestFinished(() => hanging.close());
    const from = performance.now();

    expect(await isShim(`127.0.0.1:${hanging.port}`, 200)).toBe(false);
    expect(performance.now() - from).toBeLessThan(2_000);
  });
});
