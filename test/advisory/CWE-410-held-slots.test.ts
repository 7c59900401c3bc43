import { describe, expect, it, onTestFinished, vi } from "vitest";
import { connectThrough, startFakeGatewayWithShim } from "../support/gateways.ts";
import { openSlots, startRawGatewayWithShim, acceptUpgrade } from "../support/raw-gateway.ts";
import { rawClient, upgradeRequest, type RawClient } from "../support/raw.ts";
import { errorOf, exchange, OK, startRecorder, statusesOf, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const GET = ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: close"];
const POST = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n";

/** Opens connections that each send `text`; closes them after the test. */
function openMany(port: number, text: string, times: number): RawClient[] {
  const clients = Array.from({ length: times }, () => rawClient(port, text));
  onTestFinished(() => {
    for (const { socket } of clients) socket.destroy();
  });
  return clients;
}

/** Lets the test move the shim's clock and its checks. */
function useClock(): (ms: number) => void {
  vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  return (ms) => vi.advanceTimersByTime(ms);
}

describe("512 requests whose bodies do not arrive", () => {
  it("lose their slots to new clients, which until then get their 503", async () => {
    const pass = useClock();
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const held = openMany(shim.port, POST, 512);
    await expect.poll(() => openSlots(shim), { timeout: 8_000 }).toBe(512);
    const refused = await exchange(shim.port, GET);
    expect([statusOf(refused), errorOf(refused).type]).toEqual([503, "too_many_connections"]);
    pass(1_000);
    for (let i = 0; i < 3; i += 1) expect(statusOf(await exchange(shim.port, GET))).toBe(200);
    const evicted = await Promise.race(held.map((client) => client.closed()));
    expect([statusOf(evicted), errorOf(evicted).type]).toEqual([503, "evicted"]);
  });

  it("end at the deadline between two bytes, unless the gateway does not read", async () => {
    const pass = useClock();
    const { shim, upgrade: open, requests } = await startRawGatewayWithShim((socket) => socket.pause());
    // The gateway gets a head with the first byte of the body.
    const slow = open(`${POST}x`);
    const flowing = open("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99000000\r\n\r\nx");
    await expect.poll(() => requests.length).toBe(2);
    flowing.socket.write(Buffer.alloc(20_000_000));
    await vi.waitFor(() => expect(flowing.socket.writableLength).toBeGreaterThan(0));
    for (let i = 0; i < 3; i += 1) {
      pass(55_000);
      const { bytesWritten } = slow.socket;
      slow.socket.write("x");
      await expect.poll(() => slow.socket.bytesWritten).toBe(bytesWritten + 1);
      await openSlots(shim);
    }
    expect(slow.received()).toBe("");
    pass(65_000);
    const response = await slow.closed();
    expect([statusOf(response), errorOf(response).type]).toEqual([408, "request_timeout"]);
    expect(await shim.logged("request.denied")).toMatchObject({ reason: "request_timeout" });
    await expect.poll(() => openSlots(shim)).toBe(1);
    expect(flowing.received()).toBe("");
  });
});

describe("pipelined requests", () => {
  it("use one slot and one connection to the gateway at a time, in their order", async () => {
    let most = 0;
    let open = 0;
    const gateway = await startRecorder(() => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        gateway.reply(OK);
      });
      return "";
    });
    const shim = await openShimFor(gateway, { maxConnections: 1 });
    const paths = ["/1", "/2", "/3", "/4", "/5"];
    const client = rawClient(
      shim.port,
      paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`).join(""),
    );
    onTestFinished(() => void client.socket.destroy());
    await client.until((text) => statusesOf(text).length === 5);
    expect(statusesOf(client.received())).toEqual([200, 200, 200, 200, 200]);
    expect(gateway.requests().map(({ line }) => line)).toEqual(paths.map((path) => `GET ${path} HTTP/1.1`));
    expect(most).toBe(1);
  });

  it("after a response that closes the connection do not reach the gateway", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const get = (path: string, host: string): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const requests = get("/", "127.0.0.1") + get("/", "evil.example") + get("/after", "127.0.0.1");
    expect(statusesOf(await rawClient(shim.port, requests).closed())).toEqual([200, 421]);
    expect(gateway.bytes()).not.toContain("/after");
  });

  it("of 512 on one connection take no other slot, and end it", async () => {
    const gateway = await startRecorder(({ line }) => (line.includes("/slow") ? "" : OK));
    const shim = await openShimFor(gateway);
    const slow = "GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const [client] = openMany(shim.port, slow.repeat(512), 1);
    expect(await client?.closed()).toBe("");
    expect(await shim.logged("request.denied")).toMatchObject({ reason: "malformed_request" });
    expect(gateway.requests().length).toBeLessThanOrEqual(1);
    await expect.poll(() => openSlots(shim)).toBe(0);
    expect(statusOf(await exchange(shim.port, GET))).toBe(200);
  });
});

describe("600 slow request heads", () => {
  it("do not keep a new client out: the oldest are closed with a 503", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const slow = openMany(shim.port, "GET / HTTP/1.1\r\nHost: 127", 600);
    await Promise.all(slow.slice(0, 24).map((client) => client.closed()));
    const refused = slow.map((client) => client.received()).filter((text) => text !== "");
    expect(refused).toHaveLength(24);
    for (const text of refused) expect([statusOf(text), errorOf(text).type]).toEqual([503, "evicted"]);
    expect(statusOf(await exchange(shim.port, GET))).toBe(200);
    expect(slow.at(-1)?.received()).toBe("");

    expect(shim.lines.filter(({ event }) => event === "connection.dropped")).toHaveLength(10);
    const metrics = await fetch(`http://${shim.authority}/__shim__/metrics`);
    expect(await metrics.text()).toMatch(/^openclaw_shim_dropped_total 2\d$/m);
  });

  it("with all slots in use, too, leave a new client its 503", async () => {
    const shim = await openShimFor(await startRecorder(() => ""), { maxConnections: 1 });
    openMany(shim.port, GET.join("\r\n").concat("\r\nAuthorization: Bearer x\r\n\r\n"), 1);
    await expect.poll(() => openSlots(shim)).toBe(1);
    openMany(shim.port, "GET / HTTP/1.1\r\nHost: 127", 600);
    const refused = await exchange(shim.port, GET);
    expect([statusOf(refused), errorOf(refused).type]).toEqual([503, "too_many_connections"]);
  });
});

describe("WebSockets of clients that have not authenticated", () => {
  it("lose their slots to new clients when idle; authenticated ones keep them", async () => {
    const pass = useClock();
    const { shim } = await startFakeGatewayWithShim({}, { maxConnections: 2 });
    const owner = await connectThrough(shim, { keepOpen: true });
    const [idle] = openMany(shim.port, upgradeRequest(), 1);
    await idle?.until((text) => text.includes("connect.challenge"));
    expect(await connectThrough(shim)).toMatchObject({ http: { status: 503 } });
    pass(1_000);
    expect(await connectThrough(shim)).toMatchObject({ ok: true });
    expect(await idle?.closed()).toMatch(/^HTTP\/1.1 101 /);
    const evicted = shim.outcomes.find(({ reason }) => reason === "evicted");
    expect(evicted).toMatchObject({
      outcome: "denied",
      fix: expect.stringContaining("--max-connections above 2"),
    });
    expect(evicted?.http).toBeUndefined();
    if (!owner.ok) throw new Error("not connected");
    expect(await owner.session?.request("health")).toBeDefined();
    await owner.session?.close();
  });

  it("lose them while they send, when they are older than a handshake can be", async () => {
    const pass = useClock();
    const { upgrade } = await startRawGatewayWithShim(acceptUpgrade(), { maxConnections: 1 });
    const drip = upgrade();
    await drip.until((text) => text.startsWith("HTTP/1.1 101 "));
    const next = async (): Promise<number> =>
      statusOf(await upgrade().until((text) => text.includes("\r\n\r\n")));
    for (const status of [503, 503, 101]) {
      drip.socket.write("x");
      await vi.waitFor(() => expect(drip.socket.bytesWritten).toBeGreaterThan(0));
      pass(status === 503 ? 500 : 30_000);
      expect(await next()).toBe(status);
    }
    await drip.closed();
  });

  it("that wait for the gateway's response get a 503", async () => {
    const pass = useClock();
    const { shim, upgrade, requests } = await startRawGatewayWithShim(() => {}, { maxConnections: 1 });
    const waiting = upgrade();
    await expect.poll(() => requests.length).toBe(1);
    pass(1_000);
    upgrade();
    const response = await waiting.closed();
    expect([statusOf(response), errorOf(response).type]).toEqual([503, "evicted"]);
    expect(await shim.outcome()).toMatchObject({
      outcome: "denied",
      reason: "evicted",
      http: { status: 503 },
    });
  });
});
