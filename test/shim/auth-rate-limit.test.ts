import { describe, expect, it, onTestFinished, vi } from "vitest";
import { handshake, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { Connections } from "../../src/server/connections.ts";
import { startFakeGatewayWithShim, TOKEN } from "../support/gateways.ts";
import { openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

const BURST = 10;
const PAGE = "http://localhost:3000";
const GET = "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";

/** Replaces the peer's address of each connection that the shim accepts. */
function setPeerAddress(address: () => string): void {
  const add = Connections.prototype.add;
  const spy = vi.spyOn(Connections.prototype, "add").mockImplementation(function (
    this: Connections,
    socket,
    onClose,
  ) {
    Object.defineProperty(socket, "remoteAddress", { value: address() });
    add.call(this, socket, onClose);
  });
  onTestFinished(() => spy.mockRestore());
}

interface Attempt {
  readonly token?: string;
  readonly origin?: string;
}

function connectAs(shim: TestShim, { token = "wrong", origin }: Attempt = {}): Promise<HandshakeResult> {
  const url = `ws://${shim.authority}`;
  return handshake({ url, token, device: createDevice(), ...(origin !== undefined && { origin }) });
}

/** Makes failed attempts, one after the other. */
async function fail(shim: TestShim, times: number, options: Attempt = {}): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const before = shim.outcomes.length;
    const result = await connectAs(shim, options);
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

  it("of a page is counted by its origin, and of loopback tools never", async () => {
    // Above the shim's limit, so that the fake gateway's own limit for pages does not apply first.
    const { shim } = await startFakeGatewayWithShim({ rateLimit: { maxAttempts: 100 } });
    await fail(shim, BURST, { origin: PAGE });
    expect(await connectAs(shim, { token: TOKEN, origin: PAGE })).toMatchObject({ http: { status: 429 } });
    await fail(shim, 1, { origin: "http://localhost:3001" });
    await fail(shim, 3 * BURST);
    expect(await connectAs(shim, { token: TOKEN })).toMatchObject({ ok: true });
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
