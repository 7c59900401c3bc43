import { EventEmitter, once } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, SWITCHING_PROTOCOLS } from "../support/raw.ts";

describe("a gateway that does not answer an upgrade as it should", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["a TLS alert", "\x15\x03\x03\x00\x02\x02\x46"],
    ["no status", "HTTP/1.1 abc\r\n\r\n"],
    ["a head above 16 KiB", `HTTP/1.1 101 x\r\nA: ${"a".repeat(17_000)}\r\n\r\n`],
    ["a head without an end", `HTTP/1.1 101 x\r\nA: ${"a".repeat(17_000)}`],
  ])("%s: the client gets 502", async (_what, answer) => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) =>
      socket.write(answer, "latin1"),
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
    ["ends", "EOF"],
    ["resets", "ECONNRESET"],
  ])("%s: the client gets 502", async (how, reason) => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) =>
      how === "ends" ? socket.end("HTTP/1.1 10") : socket.resetAndDestroy(),
    );
    expect(await upgrade().closed()).toMatch(/^HTTP\/1.1 502 .*"type":"gateway_unreachable"/s);
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-unreachable", reason });
    await allClosed();
  });

  it("never answers: the client gets 504 after half a minute", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = new EventEmitter();
    const { shim, upgrade, requests } = await startRawGatewayWithShim(() => asked.emit("asked"));
    const client = upgrade();
    await once(asked, "asked");
    vi.advanceTimersByTime(29_000);
    expect(shim.outcomes).toEqual([]);
    vi.advanceTimersByTime(1_100);
    vi.useRealTimers();
    expect(await client.closed()).toMatch(/^HTTP\/1.1 504 .*"type":"gateway_timeout"/s);
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-unreachable", reason: "TIMEOUT" });
    await Promise.all(requests.map(closed));
  });
});

describe("a gateway that answers in its own way", () => {
  it("may send 100 and 103 first, thousands of them", async () => {
    const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    const { upgrade } = await startRawGatewayWithShim((socket) =>
      socket.write(`${interim}${"HTTP/1.1 100\r\n\r\n".repeat(20_000)}${SWITCHING_PROTOCOLS}frames`),
    );
    const answer = await upgrade().until((text) => text.endsWith("frames"));
    expect(answer).toBe(`${SWITCHING_PROTOCOLS}frames`);
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
