import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { openSlots } from "../support/raw-gateway.ts";
import { freePort, portOf, rawClient, upgradeRequest, type RawClient } from "../support/raw.ts";
import { errorOf, statusOf } from "../support/recorder.ts";
import { testSettings } from "../support/settings.ts";
import { openShimFor } from "../support/shim.ts";
import { startFakeGateway, type FakeGateway } from "../fake-gateway/server.ts";

/** Starts a fake gateway on `port`; closes it after the test. */
async function startAt(port: number): Promise<FakeGateway> {
  const fakeGateway = await startFakeGateway({ release: "2026.9.6", token: "t", port });
  onTestFinished(() => fakeGateway.close());
  return fakeGateway;
}

/** Opens a raw client; closes it after the test. */
function open(port: number, request: string): RawClient {
  const client = rawClient(port, request);
  onTestFinished(() => void client.socket.destroy());
  return client;
}

describe("a request to a gateway that is not up yet", () => {
  it("waits, and the client connects", async () => {
    const port = await freePort();
    const shim = await openShimFor({ port }, { hold: 10_000 });
    const result = handshake({ url: `ws://${shim.authority}`, token: "t", device: createDevice() });
    await expect.poll(() => openSlots(shim)).toBe(1);
    await startAt(port);
    expect(await result).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({ outcome: "connected" });
  });

  it("waits no longer than --hold: then the client receives 502", async () => {
    const shim = await openShimFor({ port: await freePort() }, { hold: 400 });
    const start = performance.now();
    expect(await rawClient(shim.port, upgradeRequest()).closed()).toMatch(
      /^HTTP\/1.1 502 .*gateway_unreachable/s,
    );
    const waited = performance.now() - start;
    expect(waited).toBeGreaterThan(250);
    expect(waited).toBeLessThan(1_500);
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-unreachable", reason: "ECONNREFUSED" });
    expect(await openSlots(shim)).toBe(0);
  });
});

describe("a plain HTTP request to a gateway that is not up yet", () => {
  const post =
    "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";

  it("waits with its body", async () => {
    const port = await freePort();
    const shim = await openShimFor({ port }, { hold: 10_000 });
    const client = open(shim.port, post);
    await expect.poll(() => openSlots(shim)).toBe(1);
    await startAt(port);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 200 .*\r\nhello\r\n/s);
  });

  it("waits no longer than --hold: then the client receives 502", async () => {
    const shim = await openShimFor({ port: await freePort() }, { hold: 400 });
    const start = performance.now();
    const response = await open(shim.port, post).closed();
    expect([statusOf(response), errorOf(response).type]).toEqual([502, "gateway_unreachable"]);
    expect(performance.now() - start).toBeGreaterThan(250);
  });

  it("never arrives if its client disconnects meanwhile", async () => {
    const port = await freePort();
    const shim = await openShimFor({ port }, { hold: 10_000 });
    const client = open(shim.port, post);
    await expect.poll(() => openSlots(shim)).toBe(1);
    client.socket.destroy();
    await expect.poll(() => openSlots(shim)).toBe(0);
    const gateway = await startAt(port);
    await fetch(`http://${shim.authority}/seen`);
    expect(gateway.requests.map(({ url }) => url)).toEqual(["/seen"]);
  });
});

describe("requests that wait for a gateway", () => {
  it("share one attempt", async () => {
    const attempts: number[] = [];
    // A TLS handshake that fails: each attempt can be counted.
    const booting = createServer((socket) => {
      attempts.push(performance.now());
      socket.on("error", () => {}).resetAndDestroy();
    });
    await once(booting.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void booting.close());
    const port = portOf(booting);
    const gateway = { ...testSettings(port).gateway, tls: true };
    const shim = await openShimFor({ port }, { hold: 60_000, gateway });
    await shim.logged("gateway.down");
    for (let i = 0; i < 300; i += 1) open(shim.port, upgradeRequest());
    await expect.poll(() => openSlots(shim), { timeout: 5_000, interval: 250 }).toBe(300);
    const held = attempts.length;
    expect(held).toBeLessThan(50);
    await expect.poll(() => attempts.length, { timeout: 5_000 }).toBeGreaterThan(held + 5);
    // At most one each 100 ms, rarer later, and one each 2 s to watch the gateway.
    expect((attempts[held + 5] ?? 0) - (attempts[held] ?? 0)).toBeGreaterThan(500);
  });

  it("connect a few at a time: a gateway accepts no more than 32 handshakes", async () => {
    const port = await freePort();
    const shim = await openShimFor({ port }, { hold: 60_000 });
    const clients = Array.from({ length: 48 }, () => open(shim.port, upgradeRequest()));
    await expect.poll(() => openSlots(shim), { timeout: 5_000 }).toBe(48);
    await startAt(port);
    // Meanwhile all of them would be accepted, or refused.
    for (let i = 0; i < 48; i += 1) await fetch(`http://127.0.0.1:${port}/health`);
    const accepted = (): RawClient[] =>
      clients.filter((client) => client.received().startsWith("HTTP/1.1 101 "));
    for (let turns = 8; turns <= 48; turns += 8) {
      await expect.poll(() => accepted().length, { timeout: 5_000 }).toBeGreaterThanOrEqual(turns);
      for (const { socket } of accepted()) socket.destroy();
    }
  });

  it("connect in the order of their arrival, WebSockets and plain HTTP", async () => {
    const port = await freePort();
    const shim = await openShimFor({ port }, { hold: 60_000 });
    const paths = Array.from({ length: 12 }, (_, i) => `/${i}`);
    for (const [i, path] of paths.entries()) {
      // Each has a connection of its own: one that is used again might be read earlier.
      const post = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;
      open(shim.port, i % 2 ? upgradeRequest([], path) : post);
      await expect.poll(() => openSlots(shim)).toBe(i + 1);
    }
    const gateway = await startAt(port);
    await expect.poll(() => gateway.requests.map(({ url }) => url)).toEqual(paths);
  });

  it("are delayed by clients that send nothing for 2 s at most", async () => {
    const port = await freePort();
    const shim = await openShimFor({ port }, { hold: 60_000 });
    for (let i = 1; i <= 8; i += 1) {
      open(shim.port, upgradeRequest());
      await expect.poll(() => openSlots(shim)).toBe(i);
    }
    const last = handshake({ url: `ws://${shim.authority}`, token: "t", device: createDevice() });
    await expect.poll(() => openSlots(shim)).toBe(9);
    await startAt(port);
    expect(await last).toMatchObject({ ok: true });
  });
});
