import { EventEmitter, once } from "node:events";
import { Socket } from "node:net";
import { request as httpRequest } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { rawClient, startRawServer, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const GET = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

/** A gateway that hands out each connection on which a request has come. */
async function startHandOver(): Promise<{
  port: number;
  asked: Promise<Socket>;
  close: () => Promise<void>;
}> {
  const events = new EventEmitter();
  const asked = once(events, "asked").then(([socket]) => {
    if (!(socket instanceof Socket)) throw new TypeError("no socket");
    return socket;
  });
  const server = await startRawServer((socket) => socket.once("data", () => events.emit("asked", socket)));
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= server.close());
  onTestFinished(close);
  return { port: server.port, asked, close };
}

describe("a gateway that dies in the middle of an answer", () => {
  it.each([
    ["of known length", "Content-Length: 100\r\n\r\npart"],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"],
  ])("%s breaks the client's connection: it is no clean end", async (_what, rest) => {
    for (const death of ["end", "resetAndDestroy"] as const) {
      const gateway = await startHandOver();
      const shim = await openShimFor(gateway);
      const response = httpRequest({ port: shim.port, host: "127.0.0.1", agent: false }).end();
      const socket = await gateway.asked;
      socket.write(`HTTP/1.1 200 OK\r\n${rest}`);
      const [answer] = await once(response, "response");
      await once(answer, "data");
      socket[death]();
      await expect(once(answer, "end")).rejects.toMatchObject({ code: "ECONNRESET" });
    }
  });

  it("before it is a 502 that says so", async () => {
    const gateway = await startHandOver();
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, GET);
    (await gateway.asked).destroy();
    const answer = await client.closed();
    expect([statusOf(answer), errorOf(answer).type]).toEqual([502, "gateway_unreachable"]);
  });
});

describe("a gateway that is down", () => {
  it("is a 502 with what to do, for a plain request at once", async () => {
    const gateway = await startRawServer();
    await gateway.close();
    const shim = await openShimFor(gateway);
    const answer = await exchange(
      shim.port,
      ["POST / HTTP/1.1", "Host: localhost", "Content-Length: 5"],
      "hello",
    );
    expect([statusOf(answer), errorOf(answer).type]).toEqual([502, "gateway_unreachable"]);
    expect(errorOf(answer).message).toContain("ECONNREFUSED");
    expect(errorOf(answer).fix).toContain("openclaw gateway run");
  });
});

describe("a client that leaves", () => {
  it.each([
    ["before the answer", GET, ""],
    ["in the middle of the answer", GET, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"],
    [
      "in the middle of its body",
      GET.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 9\r\n\r\npart"),
      "",
    ],
  ])("%s is gone for the gateway too, and its place is free", async (_what, request, answer) => {
    const gateway = await startHandOver();
    const shim = await openShimFor(gateway, { maxConnections: 1 });
    const client = rawClient(shim.port, request);
    const socket = await gateway.asked;
    if (answer !== "") {
      socket.write(answer);
      await client.until((text) => text.endsWith("part"));
    }
    const closed = once(socket, "close");
    socket.resume().on("end", () => socket.end());
    client.socket.resetAndDestroy();
    await closed;
    // A place is taken before the gateway is asked: a second 101 or 502 shows that it was free.
    const next = rawClient(shim.port, upgradeRequest(["Origin: null"]));
    onTestFinished(() => {
      next.socket.destroy();
    });
    await gateway.close();
    expect(statusOf(await next.until((text) => text.includes("\r\n\r\n")))).toBe(502);
  });
});
