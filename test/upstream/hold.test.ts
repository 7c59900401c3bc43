import { describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { openSlots } from "../support/raw-gateway.ts";
import { freePort, rawClient, upgradeRequest } from "../support/raw.ts";
import { openShimFor } from "../support/shim.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";

describe("a request to a gateway that is not up yet", () => {
  it("waits, and the client connects", async () => {
    const port = await freePort();
    const shim = await openShimFor({ port }, { hold: 10_000 });
    const result = handshake({ url: `ws://${shim.authority}`, token: "t", device: createDevice() });
    await expect.poll(() => openSlots(shim)).toBe(1);
    const fakeGateway = await startFakeGateway({ release: "2026.9.6", token: "t", port });
    onTestFinished(() => fakeGateway.close());
    expect(await result).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({ outcome: "connected" });
  });

  it("waits no longer than --hold: then the client receives 502", async () => {
    const shim = await openShimFor({ port: await freePort() }, { hold: 400 });
    const start = performance.now();
    expect(await rawClient(shim.port, upgradeRequest()).closed()).toMatch(
      /^HTTP\/1.1 502 .*gateway_unreachable/s,
    );
    const waited = performance.now() - start;
    expect(waited).toBeGreaterThan(250);
    expect(waited).toBeLessThan(1_500);
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-unreachable", reason: "ECONNREFUSED" });
    expect(await openSlots(shim)).toBe(0);
  });
});
