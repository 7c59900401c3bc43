import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { portOf } from "../support/raw.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

async function pair(): Promise<{
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
  it("carries messages both ways and keeps the request target", async () => {
    const { client, server, url } = await pair();
    expect(url).toBe("/some/path?with=query");
    client.send("there");
    expect(String((await once(server, "message"))[0])).toBe("there");
    server.send("back");
    expect(String((await once(client, "message"))[0])).toBe("back");
  });

  it("passes close code and reason as sent", async () => {
    const { client, server } = await pair();
    server.close(1008, "pairing required");
    const [code, reason] = await once(client, "close");
    expect([code, String(reason)]).toEqual([1008, "pairing required"]);
  });

  it("ends the gateway's side within a second when the client vanishes", async () => {
    const { client, server } = await pair();
    const closed = once(server, "close");
    const start = performance.now();
    client.terminate();
    await closed;
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it("ends the client's side within a second when the gateway vanishes", async () => {
    const { client, server } = await pair();
    const closed = once(client, "close");
    const start = performance.now();
    server.terminate();
    await closed;
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
