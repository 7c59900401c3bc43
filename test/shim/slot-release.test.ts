import { describe, expect, it } from "vitest";
import { openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, rawClient, upgradeRequest } from "../support/raw.ts";
import { openShimFor } from "../support/shim.ts";

const GET = "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

describe("a slot of --max-connections", () => {
  it.each([
    ["a refusal", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", upgradeRequest()],
    ["garbage", "garbage\r\n\r\n", upgradeRequest()],
    ["a response to plain HTTP", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", GET],
    ["garbage to plain HTTP", "garbage\r\n\r\n", GET],
    ["the shim's own 400", "", `${upgradeRequest(["Content-Length: 3"])}abc`],
  ])("is released after %s", async (_what, response, request) => {
    const { shim, upgrade } = await startRawGatewayWithShim((socket) => socket.write(response), {
      maxConnections: 1,
    });
    for (let i = 0; i < 3; i += 1) {
      expect(await upgrade(request).closed()).not.toMatch(/^HTTP\/1.1 503 /);
      await expect.poll(() => openSlots(shim)).toBe(0);
    }
  });

  it("is released when the gateway resets", async () => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) => socket.resetAndDestroy(), {
      maxConnections: 1,
    });
    expect(await upgrade().closed()).toMatch(/^HTTP\/1.1 502 /);
    await expect.poll(() => openSlots(shim)).toBe(0);
    expect(await upgrade(GET).closed()).toMatch(/^HTTP\/1.1 502 /);
    await allClosed();
  });

  it("is released when the gateway is down", async () => {
    const shim = await openShimFor({ port: 1 }, { maxConnections: 1 });
    for (const request of [upgradeRequest(), GET, upgradeRequest()]) {
      expect(await rawClient(shim.port, request).closed()).toMatch(/^HTTP\/1.1 502 /);
      await expect.poll(() => openSlots(shim)).toBe(0);
    }
  });

  it("is released when the client disconnects in the middle of a plain response", async () => {
    const { shim, upgrade, requests } = await startRawGatewayWithShim(
      (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"),
      { maxConnections: 1 },
    );
    const client = upgrade(GET);
    await client.until((text) => text.endsWith("half"));
    client.socket.resetAndDestroy();
    await expect.poll(() => openSlots(shim)).toBe(0);
    await Promise.all(requests.map(closed));
  });
});
