import { describe, expect, it } from "vitest";
import { openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, rawClient, upgradeRequest } from "../support/raw.ts";
import { openTestShim } from "../support/shim.ts";

describe("a client that disconnects before the gateway responds", () => {
  it.each(["FIN", "RST", "FIN with its request", "FIN after frames"])(
    "by %s: all connections and slots are released",
    async (how) => {
      const { shim, requests, upgrade, allClosed } = await startRawGatewayWithShim();
      const client = upgrade();
      if (how === "FIN with its request") client.socket.end();
      await expect.poll(() => requests.length + shim.outcomes.length).toBeGreaterThan(0);
      if (how === "FIN after frames") client.socket.write(Buffer.alloc(10_000));
      if (how === "RST") client.socket.resetAndDestroy();
      else client.socket.end();
      expect(await shim.outcome()).toMatchObject({ outcome: "abandoned", reason: "before the challenge" });
      await allClosed();
      expect(shim.outcomes).toHaveLength(1);
    },
  );

  it("closes the gateway connection within a second", async () => {
    const { requests, upgrade } = await startRawGatewayWithShim();
    const client = upgrade();
    await expect.poll(() => requests.length).toBe(1);
    const start = performance.now();
    client.socket.resetAndDestroy();
    await Promise.all(requests.map(closed));
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it("while the shim waits for the gateway: reported as abandoned immediately", async () => {
    const shim = await openTestShim(1, { hold: 60_000 });
    const client = rawClient(shim.port, upgradeRequest());
    await expect.poll(() => openSlots(shim)).toBe(1);
    client.socket.resetAndDestroy();
    expect(await shim.outcome()).toMatchObject({ outcome: "abandoned" });
    expect(await openSlots(shim)).toBe(0);
    await shim.close();
    expect(shim.outcomes).toHaveLength(1);
  });

  it("after pipelining requests: the slot is released", async () => {
    const { shim, requests, upgrade } = await startRawGatewayWithShim();
    const client = upgrade("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(5));
    await expect.poll(() => requests.length).toBe(1);
    client.socket.resetAndDestroy();
    await expect.poll(() => openSlots(shim)).toBe(0);
    await Promise.all(requests.map(closed));
  });
});
