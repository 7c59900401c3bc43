import { EventEmitter, once } from "node:events";
import { Socket } from "node:net";
import { request as httpRequest } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { rawClient, startRawServer, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const GET = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

/** Starts a gateway that resolves `requested` with the first connection that receives bytes. */
async function startSilentGateway(): Promise<{
  port: number;
  requested: Promise<Socket>;
  close: () => Promise<void>;
}> {
  const events = new EventEmitter();
  const requested = once(events, "request").then(([socket]) => {
    if (!(socket instanceof Socket)) throw new TypeError("no socket");
    return socket;
  });
  const server = await startRawServer((socket) => socket.once("data", () => events.emit("request", socket)));
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= server.close());
  onTestFinished(close);
  return { port: server.port, requested, close };
}

describe("a gateway connection lost in the middle of a response", () => {
  it.each([
    ["of known length", "Content-Length: 100\r\n\r\npart"],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"],
  ])("%s aborts the client's connection: the response does not end cleanly", async (_what, rest) => {
    for (const abort of ["end", "resetAndDestroy"] as const) {
      const gateway = await startSilentGateway();
      const shim = await openShimFor(gateway);
      const request = httpRequest({ port: shim.port, host: "127.0.0.1", agent: false }).end();
      const socket = await gateway.requested;
      socket.write(`HTTP/1.1 200 OK\r\n${rest}`);
      const [response] = await once(request, "response");
      await once(response, "data");
      socket[abort]();
      await expect(once(response, "end")).rejects.toMatchObject({ code: "ECONNRESET" });
    }
  });

  it("in the same turn as its beginning: that much reaches the client", async () => {
    const gateway = await startSilentGateway();
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, GET);
    (await gateway.requested).end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    expect(await client.closed()).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\npart$/s);
  });

  it("before the response is a 502", async () => {
    const gateway = await startSilentGateway();
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, GET);
    (await gateway.requested).destroy();
    const response = await client.closed();
    expect([statusOf(response), errorOf(response).type]).toEqual([502, "gateway_unreachable"]);
  });
});

describe("a gateway that is down", () => {
  it("is a 502 with a fix, immediately for a plain request", async () => {
    const gateway = await startRawServer();
    await gateway.close();
    const shim = await openShimFor(gateway);
    const response = await exchange(
      shim.port,
      ["POST / HTTP/1.1", "Host: localhost", "Content-Length: 5"],
      "hello",
    );
    expect([statusOf(response), errorOf(response).type]).toEqual([502, "gateway_unreachable"]);
    expect(errorOf(response).message).toContain("ECONNREFUSED");
    expect(errorOf(response).fix).toContain("openclaw gateway run");
  });
});

describe("a client that disconnects", () => {
  it.each([
    ["before the response", GET, ""],
    ["in the middle of the response", GET, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"],
    [
      "in the middle of its body",
      GET.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 9\r\n\r\npart"),
      "",
    ],
  ])("%s: the gateway connection is closed and the slot released", async (_what, request, response) => {
    const gateway = await startSilentGateway();
    const shim = await openShimFor(gateway, { maxConnections: 1 });
    const client = rawClient(shim.port, request);
    const socket = await gateway.requested;
    if (response !== "") {
      socket.write(response);
      await client.until((text) => text.endsWith("part"));
    }
    const closed = once(socket, "close");
    socket.resume().on("end", () => socket.end());
    client.socket.resetAndDestroy();
    await closed;
    // The slot is acquired before the gateway is contacted: a 502 instead of 503 shows that it was free.
    const next = rawClient(shim.port, upgradeRequest(["Origin: null"]));
    onTestFinished(() => {
      next.socket.destroy();
    });
    await gateway.close();
    expect(statusOf(await next.until((text) => text.includes("\r\n\r\n")))).toBe(502);
  });
});
