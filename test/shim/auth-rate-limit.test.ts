import { describe, expect, it, onTestFinished, vi } from "vitest";
import { handshake, type HandshakeResult } from "../../src/openclaw/connect.ts";
import { Connections } from "../../src/server/connections.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGatewayWithShim, TOKEN } from "../support/gateways.ts";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

const BURST = 10;
const PAGE = "http://localhost:3000";
const GET = "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";

/** What the shim's side of a connection takes for its peer's address: of real sockets, only this is not real. */
function peersAre(address: () => string): void {
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

function attempt(shim: TestShim, { token = "wrong", origin }: Attempt = {}): Promise<HandshakeResult> {
  const url = `ws://${shim.authority}`;
  return handshake({ url, token, device: createDevice(), ...(origin !== undefined && { origin }) });
}

async function fail(shim: TestShim, times: number, options: Attempt = {}): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const seen = shim.outcomes.length;
    const result = await attempt(shim, options);
    expect(result).toMatchObject({ error: { details: { code: "AUTH_TOKEN_MISMATCH" } } });
    await shim.outcome(seen);
  }
}

describe("guessing the gateway's token", () => {
  it("ends with 429, Retry-After and the outcome rate-limited for a peer that fails too often", async () => {
    peersAre(() => "192.0.2.7");
    const { shim } = await startFakeGatewayWithShim({}, { allowFrom: ["192.0.2.0/24"] });
    await fail(shim, BURST);
    const answer = await rawClient(shim.port, upgradeRequest()).closed();
    expect(answer).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\n/);
    expect(Number(/^Retry-After: (\d+)\r$/m.exec(answer)?.[1])).toBeGreaterThan(0);
    expect(JSON.parse(answer.slice(answer.indexOf("{")))).toEqual({
      error: { type: "too_many_failures", message: expect.any(String), fix: expect.stringMatching(/\d+ s/) },
    });
    expect(await shim.outcome(BURST)).toMatchObject({
      outcome: "rate-limited",
      reason: "too_many_failures",
      http: { status: 429, type: "too_many_failures" },
      fix: expect.stringMatching(/\d+ s/),
    });
  });

  it("of one peer does not keep out another, and IPv6 neighbours count as one", async () => {
    let peer = "2001:db8::1";
    peersAre(() => peer);
    const { shim } = await startFakeGatewayWithShim({}, { allowFrom: ["2001:db8::/32"] });
    await fail(shim, BURST);
    peer = "2001:db8::ffff:1";
    expect(await attempt(shim, { token: TOKEN })).toMatchObject({ http: { status: 429 } });
    peer = "2001:db8:0:1::1";
    expect(await attempt(shim, { token: TOKEN })).toMatchObject({ ok: true });
  });

  it("counts for a page by its origin, and never for loopback tools", async () => {
    // More than the shim takes, so that the fake gateway's own limit for pages does not come first.
    const { shim } = await startFakeGatewayWithShim({ rateLimit: { maxAttempts: 100 } });
    await fail(shim, BURST, { origin: PAGE });
    expect(await attempt(shim, { token: TOKEN, origin: PAGE })).toMatchObject({ http: { status: 429 } });
    await fail(shim, 1, { origin: "http://localhost:3001" });
    await fail(shim, 3 * BURST);
    expect(await attempt(shim, { token: TOKEN })).toMatchObject({ ok: true });
  });

  it("is forgotten with a success", async () => {
    peersAre(() => "192.0.2.7");
    const { shim } = await startFakeGatewayWithShim({}, { allowFrom: ["192.0.2.7"] });
    for (let i = 0; i < 3; i += 1) {
      await fail(shim, BURST - 1);
      expect(await attempt(shim, { token: TOKEN })).toMatchObject({ ok: true });
    }
  });

  it("is not what a client without a token does", async () => {
    peersAre(() => "192.0.2.7");
    const { shim } = await startFakeGatewayWithShim({}, { allowFrom: ["192.0.2.7"] });
    for (let i = 0; i < 2 * BURST; i += 1) {
      const result = await handshake({ url: `ws://${shim.authority}`, device: createDevice() });
      expect(result).toMatchObject({ error: { details: { code: "AUTH_TOKEN_MISSING" } } });
    }
  });

  it("by plain HTTP counts too, and only requests with a credential are refused", async () => {
    peersAre(() => "192.0.2.7");
    const { shim, upgrade } = await startRawGatewayWithShim(
      (socket) => socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
      { allowFrom: ["192.0.2.7"] },
    );
    const guess = `${GET}Authorization: Bearer wrong\r\n\r\n`;
    const anonymous = `${GET}\r\n`;
    for (let i = 0; i < 2 * BURST; i += 1)
      expect(await upgrade(anonymous).closed()).toMatch(/^HTTP\/1.1 401/);
    for (let i = 0; i < BURST; i += 1) expect(await upgrade(guess).closed()).toMatch(/^HTTP\/1.1 401/);
    expect(await upgrade(guess).closed()).toMatch(/^HTTP\/1.1 429 .*\r\nRetry-After: \d+\r\n/s);
    expect(await upgrade(anonymous).closed()).toMatch(/^HTTP\/1.1 401/);
    expect(await shim.logged("request.denied")).toMatchObject({ reason: "too_many_failures" });
  });

  it("of one shim is none of another's", async () => {
    peersAre(() => "192.0.2.7");
    const overrides = { allowFrom: ["192.0.2.7"] };
    const { shim, fakeGateway } = await startFakeGatewayWithShim({}, overrides);
    const other = await openShimFor(fakeGateway, overrides);
    await fail(shim, BURST);
    expect(await attempt(other, { token: TOKEN })).toMatchObject({ ok: true });
  });
});
