import { EventEmitter, once } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, SWITCHING_PROTOCOLS } from "../support/raw.ts";

describe("a gateway with a malformed or missing response to an upgrade", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["a TLS alert", "\x15\x03\x03\x00\x02\x02\x46"],
    ["no status", "HTTP/1.1 abc\r\n\r\n"],
    ["a header section above 16 KiB", `HTTP/1.1 101 x\r\nA: ${"a".repeat(17_000)}\r\n\r\n`],
    ["a header section without an end", `HTTP/1.1 101 x\r\nA: ${"a".repeat(17_000)}`],
  ])("with %s: the client receives 502", async (_what, response) => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) =>
      socket.write(response, "latin1"),
    );
    expect(await upgrade().closed()).toMatch(/^HTTP\/1.1 502 .*"type":"gateway_response_malformed"/s);
    expect(await shim.outcome()).toMatchObject({
      outcome: "gateway-unreachable",
      reason: "MALFORMED_RESPONSE",
    });
    await allClosed();
    expect(shim.outcomes).toHaveLength(1);
  });

  it.each([
    ["closes", "EOF"],
    ["resets", "ECONNRESET"],
  ])("%s: the client receives 502", async (how, reason) => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) =>
      how === "closes" ? socket.end("HTTP/1.1 10") : socket.resetAndDestroy(),
    );
    expect(await upgrade().closed()).toMatch(/^HTTP\/1.1 502 .*"type":"gateway_unreachable"/s);
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-unreachable", reason });
    await allClosed();
  });

  it("does not respond: the client receives 504 after 30 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const events = new EventEmitter();
    const { shim, upgrade, requests } = await startRawGatewayWithShim(() => events.emit("request"));
    const client = upgrade();
    await once(events, "request");
    vi.advanceTimersByTime(29_000);
    expect(shim.outcomes).toEqual([]);
    vi.advanceTimersByTime(1_100);
    vi.useRealTimers();
    expect(await client.closed()).toMatch(/^HTTP\/1.1 504 .*"type":"gateway_timeout"/s);
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-unreachable", reason: "TIMEOUT" });
    await Promise.all(requests.map(closed));
  });
});

describe("a gateway with an unusual but valid response", () => {
  it("may send thousands of 100 and 103 responses first", async () => {
    const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    const { upgrade } = await startRawGatewayWithShim((socket) =>
      socket.write(`${interim}${"HTTP/1.1 100\r\n\r\n".repeat(20_000)}${SWITCHING_PROTOCOLS}frames`),
    );
    const response = await upgrade().until((text) => text.endsWith("frames"));
    expect(response).toBe(`${SWITCHING_PROTOCOLS}frames`);
  });

  it("may send its 101 byte by byte", async () => {
    const { upgrade } = await startRawGatewayWithShim((socket) => {
      const bytes = [...Buffer.from(`${SWITCHING_PROTOCOLS}frames`)];
      const next = (): void => {
        const byte = bytes.shift();
        if (byte !== undefined) socket.write(Buffer.of(byte), () => setImmediate(next));
      };
      next();
    });
    expect(await upgrade().until((text) => text.endsWith("frames"))).toBe(`${SWITCHING_PROTOCOLS}frames`);
  });
});
