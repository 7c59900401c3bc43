import { describe, expect, it } from "vitest";
import { handshake, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGatewayWithShim, TOKEN } from "../support/gateways.ts";
import { setPeerAddress } from "../support/peer.ts";
import { openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

const BURST = 10;
const GET = "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";

function connectAs(shim: TestShim, { token = "wrong" } = {}): Promise<HandshakeResult> {
  return handshake({ url: `ws://${shim.authority}`, token, device: createDevice() });
}

/** Makes failed attempts, one after the other. */
async function fail(shim: TestShim, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const before = shim.outcomes.length;
    const result = await connectAs(shim);
    expect(result).toMatchObject({ error: { details: { code: "AUTH_TOKEN_MISMATCH" } } });
    await shim.outcome(before);
  }
}

describe("failed authentication", () => {
  it("of one peer is limited with 429, Retry-After and the outcome rate-limited", async () => {
    setPeerAddress(() => "192.0.2.7");
    const { shim } = await startFakeGatewayWithShim({}, { allowFrom: ["192.0.2.0/24"] });
    await fail(shim, BURST);
    const response = await rawClient(shim.port, upgradeRequest()).closed();
    expect(response).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\n/);
    expect(Number(/^Retry-After: (\d+)\r$/m.exec(response)?.[1])).toBeGreaterThan(0);
    expect(JSON.parse(response.slice(response.indexOf("{")))).toEqual({
      error: { type: "too_many_failures", message: expect.any(String), fix: expect.stringMatching(/\d+ s/) },
    });
    expect(await shim.outcome(BURST)).toMatchObject({
      outcome: "rate-limited",
      reason: "too_many_failures",
      http: { status: 429, type: "too_many_failures" },
      fix: expect.stringMatching(/\d+ s/),
    });
  });

  it("of one peer does not limit another; one IPv6 /64 counts as one peer", async () => {
    let peer = "2001:db8::1";
    setPeerAddress(() => peer);
    const { shim } = await startFakeGatewayWithShim({}, { allowFrom: ["2001:db8::/32"] });
    await fail(shim, BURST);
    peer = "2001:db8::ffff:1";
    expect(await connectAs(shim, { token: TOKEN })).toMatchObject({ http: { status: 429 } });
    peer = "2001:db8:0:1::1";
    expect(await connectAs(shim, { token: TOKEN })).toMatchObject({ ok: true });
  });

  it("of a proxy's clients does not limit the proxy", async () => {
    setPeerAddress(() => "172.17.0.2");
    const { shim, upgrade } = await startRawGatewayWithShim(
      (socket, head) =>
        socket.end(`HTTP/1.1 ${head.includes("right") ? 204 : 401} X\r\nContent-Length: 0\r\n\r\n`),
      { allowFrom: ["172.17.0.2"] },
    );
    const get = (token: string, address: string): Promise<string> =>
      upgrade(`${GET}X-Forwarded-For: ${address}\r\nAuthorization: Bearer ${token}\r\n\r\n`).closed();
    for (let i = 0; i < BURST + 1; i += 1)
      expect(await get("wrong", "203.0.113.7")).toMatch(/^HTTP\/1.1 401/);
    expect(await get("right", "203.0.113.8")).toMatch(/^HTTP\/1.1 204/);
    expect(shim.lines.filter(({ event }) => event === "request.denied")).toEqual([]);
  });

  it("is reset by a successful login", async () => {
    setPeerAddress(() => "192.0.2.7");
    const { shim } = await startFakeGatewayWithShim({}, { allowFrom: ["192.0.2.7"] });
    for (let i = 0; i < 3; i += 1) {
      await fail(shim, BURST - 1);
      expect(await connectAs(shim, { token: TOKEN })).toMatchObject({ ok: true });
    }
  });

  it("does not include attempts without a token", async () => {
    setPeerAddress(() => "192.0.2.7");
    const { shim } = await startFakeGatewayWithShim({}, { allowFrom: ["192.0.2.7"] });
    for (let i = 0; i < 2 * BURST; i += 1) {
      const result = await handshake({ url: `ws://${shim.authority}`, device: createDevice() });
      expect(result).toMatchObject({ error: { details: { code: "AUTH_TOKEN_MISSING" } } });
    }
  });

  it("over plain HTTP is counted too, and only requests with a credential are refused", async () => {
    setPeerAddress(() => "192.0.2.7");
    const { shim, upgrade } = await startRawGatewayWithShim(
      (socket) => socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
      { allowFrom: ["192.0.2.7"] },
    );
    const wrongToken = `${GET}Authorization: Bearer wrong\r\n\r\n`;
    const anonymous = `${GET}\r\n`;
    for (let i = 0; i < 2 * BURST; i += 1)
      expect(await upgrade(anonymous).closed()).toMatch(/^HTTP\/1.1 401/);
    for (let i = 0; i < BURST; i += 1) expect(await upgrade(wrongToken).closed()).toMatch(/^HTTP\/1.1 401/);
    expect(await upgrade(wrongToken).closed()).toMatch(/^HTTP\/1.1 429 .*\r\nRetry-After: \d+\r\n/s);
    expect(await upgrade(anonymous).closed()).toMatch(/^HTTP\/1.1 401/);
    expect(await shim.logged("request.denied")).toMatchObject({ reason: "too_many_failures" });
  });

  it.each([
    ["answered", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["not answered", ""],
  ])("does not include requests that their client aborts and that are %s", async (_how, response) => {
    setPeerAddress(() => "192.0.2.7");
    const { shim, requests, upgrade } = await startRawGatewayWithShim(() => {}, { allowFrom: ["192.0.2.7"] });
    const right = `${GET}Authorization: Bearer right\r\n\r\n`;
    for (let i = 0; i < BURST + 1; i += 1) {
      const client = upgrade(right);
      await expect.poll(() => requests.length).toBe(i + 1);
      client.socket.destroy();
      await client.closed();
      requests[i]?.end(response);
      await expect.poll(() => openSlots(shim)).toBe(0);
    }
    const next = upgrade(right);
    await expect.poll(() => requests.length).toBe(BURST + 2);
    requests.at(-1)?.end("HTTP/1.1 204 No Content\r\n\r\n");
    expect(await next.closed()).toMatch(/^HTTP\/1.1 204/);
  });

  it("at one shim does not count at another", async () => {
    setPeerAddress(() => "192.0.2.7");
    const overrides = { allowFrom: ["192.0.2.7"] };
    const { shim, fakeGateway } = await startFakeGatewayWithShim({}, overrides);
    const other = await openShimFor(fakeGateway, overrides);
    await fail(shim, BURST);
    expect(await connectAs(other, { token: TOKEN })).toMatchObject({ ok: true });
  });
});
