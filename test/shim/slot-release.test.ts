import { describe, expect, it } from "vitest";
import { acceptUpgrade, openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, rawClient, upgradeRequest } from "../support/raw.ts";
import { openShimFor } from "../support/shim.ts";

const GET = "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

describe("--max-connections", () => {
  it("refuses further requests with 503, and accepts one again when a client disconnects", async () => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim(acceptUpgrade(), {
      maxConnections: 2,
    });
    const clients = [upgrade(), upgrade()];
    for (const client of clients) await client.until((text) => text.startsWith("HTTP/1.1 101"));
    expect(await upgrade().closed()).toMatch(
      /^HTTP\/1.1 503 .*"type":"too_many_connections".*--max-connections/s,
    );
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason: "too_many_connections" });
    expect(await rawClient(shim.port, GET).closed()).toMatch(/^HTTP\/1.1 503 /);
    clients[0]?.socket.destroy();
    await expect.poll(() => openSlots(shim), { timeout: 3_000 }).toBe(1);
    const next = upgrade();
    await next.until((text) => text.startsWith("HTTP/1.1 101"));
    for (const { socket } of [...clients, next]) socket.destroy();
    await allClosed();
  });

  it.each([
    ["a refusal", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", upgradeRequest()],
    ["garbage", "garbage\r\n\r\n", upgradeRequest()],
    ["a response to plain HTTP", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", GET],
    ["garbage to plain HTTP", "garbage\r\n\r\n", GET],
    ["the shim's own 400", "", `${upgradeRequest(["Content-Length: 3"])}abc`],
  ])("releases the slot after %s", async (_what, response, request) => {
    const { shim, upgrade } = await startRawGatewayWithShim((socket) => socket.write(response), {
      maxConnections: 1,
    });
    for (let i = 0; i < 3; i += 1) {
      expect(await upgrade(request).closed()).not.toMatch(/^HTTP\/1.1 503 /);
      await expect.poll(() => openSlots(shim)).toBe(0);
    }
  });

  it("releases the slot when the gateway resets", async () => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) => socket.resetAndDestroy(), {
      maxConnections: 1,
    });
    expect(await upgrade().closed()).toMatch(/^HTTP\/1.1 502 /);
    await expect.poll(() => openSlots(shim)).toBe(0);
    expect(await upgrade(GET).closed()).toMatch(/^HTTP\/1.1 502 /);
    await allClosed();
  });

  it("releases the slot when the gateway is down", async () => {
    const shim = await openShimFor({ port: 1 }, { maxConnections: 1 });
    for (const request of [upgradeRequest(), GET, upgradeRequest()]) {
      expect(await rawClient(shim.port, request).closed()).toMatch(/^HTTP\/1.1 502 /);
      await expect.poll(() => openSlots(shim)).toBe(0);
    }
  });

  it("releases the slot when the client disconnects in the middle of a plain response", async () => {
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
