import { describe, expect, it, onTestFinished } from "vitest";
import { refuse } from "../../src/errors.ts";
import { Connections } from "../../src/server/connections.ts";
import { listen, type ListenerHandlers } from "../../src/server/listener.ts";
import { rawClient } from "../support/raw.ts";
import { errorOf, exchange, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const REQUEST = ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: close"];

describe("a header section that is too large", () => {
  it.each([
    ["one field", [`X-A: ${"a".repeat(17_000)}`]],
    ["many fields", Array.from({ length: 1_000 }, (_unused, i) => `X-Field-Number-${i}: 1`)],
    ["a long name", [`${"a".repeat(17_000)}: 1`]],
  ])("by %s is 431", async (_what, fields) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const response = await exchange(shim.port, [...REQUEST, ...fields]);
    expect([statusOf(response), errorOf(response).type]).toEqual([431, "header_too_large"]);
    expect(gateway.bytes()).toBe("");
  });

  it("by its request target is refused, and is not logged in full", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const response = await exchange(shim.port, [`GET /${"a".repeat(17_000)} HTTP/1.1`, ...REQUEST.slice(1)]);
    expect(statusOf(response)).toBe(431);
    expect(JSON.stringify(shim.lines).length).toBeLessThan(4_000);
    expect(gateway.bytes()).toBe("");
  });

  it("does not include one of slightly less than 16 KiB", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const field = `X-A: ${"a".repeat(16_000)}`;
    expect(statusOf(await exchange(shim.port, [...REQUEST, field]))).toBe(200);
    expect(gateway.requests()[0]?.fields).toContain(field);
  });
});

async function listenerWithDeadline(ms: number): Promise<{ port: number; refused: string[] }> {
  const refused: string[] = [];
  const handlers: ListenerHandlers = {
    onRequest: (_request, response) => response.end("ok"),
    onUpgrade: (_request, socket) => socket.destroy(),
    onPipelined: () => {},
    onUnreadable: (_socket, refusal) => {
      refused.push(refusal.code);
      return refusal;
    },
    onConnectionClosed: () => {},
    onDropped: () => {},
    onAcceptError: (error) => refused.push(error.message),
  };
  const connections = new Connections(8);
  const options = { handlers, connections, headersMs: ms };
  const listener = await listen({ host: "127.0.0.1", port: 0 }, options);
  onTestFinished(() => {
    listener.stop();
    connections.destroy();
  });
  return { port: listener.port, refused };
}

describe("a header section that is sent too slowly", () => {
  it("is refused with 408 at the deadline: sent slowly, in part, or never", async () => {
    const { port, refused } = await listenerWithDeadline(300);
    const slow = rawClient(port, "GET / HTTP/1.1\r\n");
    const lines = setInterval(() => slow.socket.write("X-A: 1\r\n"), 50);
    onTestFinished(() => clearInterval(lines));
    const clients = [slow, rawClient(port, "GET / HTT"), rawClient(port)];
    const responses = await Promise.all(clients.map((client) => client.closed()));
    expect(responses.map(statusOf)).toEqual([408, 408, 408]);
    expect(responses.map((response) => errorOf(response).type)).toEqual(
      responses.map(() => refuse("request_timeout").code),
    );
    expect(refused).toHaveLength(3);
  });
});
