import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { portOf } from "../support/raw.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

/** Opens a WebSocket through a shim. */
async function open(): Promise<{
  client: WebSocket;
  server: WebSocket;
  shim: TestShim;
  url: string | undefined;
  headers: string[];
}> {
  const gateway = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(gateway, "listening");
  onTestFinished(async () => {
    gateway.close();
    await once(gateway, "close");
  });
  const shim = await openShimFor({ port: portOf(gateway) });
  const connection = once(gateway, "connection");
  const client = new WebSocket(`ws://${shim.authority}/some/path?with=query`);
  const [server, request] = await connection;
  if (client.readyState !== WebSocket.OPEN) await once(client, "open");
  return { client, server, shim, url: request.url, headers: request.rawHeaders };
}

describe("a WebSocket through the shim", () => {
  it("passes messages in both directions and keeps the request target", async () => {
    const { client, server, url } = await open();
    expect(url).toBe("/some/path?with=query");
    client.send("to the gateway");
    expect(String((await once(server, "message"))[0])).toBe("to the gateway");
    server.send("to the client");
    expect(String((await once(client, "message"))[0])).toBe("to the client");
  });

  it("passes close code and reason as sent", async () => {
    const { client, server } = await open();
    server.close(1008, "pairing required");
    const [code, reason] = await once(client, "close");
    expect([code, String(reason)]).toEqual([1008, "pairing required"]);
  });

  it("closes the gateway connection within a second when the client terminates", async () => {
    const { client, server } = await open();
    const closed = once(server, "close");
    const start = performance.now();
    client.terminate();
    await closed;
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it("closes the client connection within a second when the gateway terminates", async () => {
    const { client, server } = await open();
    const closed = once(client, "close");
    const start = performance.now();
    server.terminate();
    await closed;
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
