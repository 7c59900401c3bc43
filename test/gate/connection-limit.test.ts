import { describe, expect, it, onTestFinished } from "vitest";
import { openSlots } from "../support/raw-gateway.ts";
import { rawClient, SWITCHING_PROTOCOLS, upgradeRequest, type RawClient } from "../support/raw.ts";
import { errorOf, exchange, OK, startRecorder, statusesOf, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const GET = ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: close"];

function open(port: number, text: string): RawClient {
  const client = rawClient(port, text);
  onTestFinished(() => {
    client.socket.destroy();
  });
  return client;
}

describe("--max-connections", () => {
  it("refuses further requests with 503, and admits one again when a slot is released", async () => {
    const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
    const shim = await openShimFor(gateway, { maxConnections: 2 });
    const clients = [open(shim.port, upgradeRequest()), open(shim.port, upgradeRequest())];
    for (const client of clients) await client.until((text) => text.startsWith("HTTP/1.1 101 "));

    const websocket = await open(shim.port, upgradeRequest()).closed();
    const plain = await exchange(shim.port, GET);
    for (const response of [websocket, plain]) {
      expect([statusOf(response), errorOf(response).type]).toEqual([503, "too_many_connections"]);
      expect(response).toMatch(/\r\nRetry-After: 1\r\n/);
      expect(errorOf(response).fix).toContain("--max-connections above 2");
    }
    expect(shim.outcomes).toMatchObject([{ outcome: "denied", reason: "too_many_connections" }]);

    clients[0]?.socket.destroy();
    await shim.outcome(1);
    await expect.poll(() => openSlots(shim)).toBe(1);
    const next = open(shim.port, upgradeRequest());
    await next.until((text) => text.startsWith("HTTP/1.1 101 "));
    for (const { socket } of [...clients, next]) socket.destroy();
    await expect.poll(() => openSlots(shim)).toBe(0);
  });

  it("counts plain requests until their response, and no longer", async () => {
    const gateway = await startRecorder(({ line }) =>
      line.includes("/slow") ? "" : "HTTP/1.1 204 No Content\r\n\r\n",
    );
    const shim = await openShimFor(gateway, { maxConnections: 1 });
    for (let i = 0; i < 3; i += 1) expect(statusOf(await exchange(shim.port, GET))).toBe(204);

    const slow = open(shim.port, "GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await gateway.until((bytes) => bytes.includes("/slow"));
    expect(statusOf(await exchange(shim.port, GET))).toBe(503);
    expect(slow.received()).toBe("");
  });

  it("refuses with draining while the shim closes, also on a connection with a pending response", async () => {
    const gateway = await startRecorder(({ line }) => (line.includes("/slow") ? "" : OK));
    const shim = await openShimFor(gateway, { drain: 5_000 });
    const client = open(shim.port, "GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await gateway.until((bytes) => bytes.includes("/slow"));
    const closed = shim.close();
    client.socket.write("GET /late HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await shim.logged("draining");
    gateway.reply(OK);
    const responses = await client.closed();
    expect(await shim.logged("request.denied")).toMatchObject({ reason: "draining" });
    expect(statusesOf(responses)).toEqual([200, 503]);
    expect(responses).toContain('{"error":{"type":"draining"');
    expect(gateway.bytes()).not.toContain("/late");
    await closed;
  });
});
