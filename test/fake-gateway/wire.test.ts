import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "./server.ts";
import type { FakeGateway, FakeGatewayOptions } from "./server.ts";
import { TEST_CERTIFICATE } from "../support/certificate.ts";

let gateway: FakeGateway | undefined;
afterEach(() => gateway?.close());

async function start(options: Partial<FakeGatewayOptions> = {}): Promise<FakeGateway> {
  gateway = await startFakeGateway({ release: "2026.9.6", token: "t", ...options });
  return gateway;
}

/** Opens a socket, sends one message after the challenge, and waits for the close. */
async function closeAfter(url: string, message: string): Promise<[code: number, reason: string]> {
  const socket = new WebSocket(url);
  const closed = new Promise<[number, string]>((resolve) => {
    socket.once("close", (code, reason) => resolve([code, reason.toString()]));
  });
  await once(socket, "message");
  socket.send(message);
  return closed;
}

describe("before hello-ok", () => {
  it.each([
    ["text that is not JSON", "hello", [1000, ""]],
    ["a frame that is not a request", "{}", [1008, "invalid request frame"]],
    [
      "a request that is not connect",
      '{"type":"req","id":"1","method":"health"}',
      [1008, "invalid handshake: first request must be connect"],
    ],
    [
      "connect without params",
      '{"type":"req","id":"1","method":"connect"}',
      [1008, "invalid connect params: must be object"],
    ],
    ["a frame above 64 KiB", "x".repeat(65_537), [1009, ""]],
  ])("%s closes the connection", async (_what, message, close) => {
    const { url } = await start();
    expect(await closeAfter(url, message)).toEqual(close);
  });

  it("refuses a client with an unknown id", async () => {
    const { url } = await start();
    expect(await handshake({ url, token: "t", client: { id: "zzz" } })).toMatchObject({
      error: { message: "invalid connect params: at /client/id: must be equal to one of the allowed values" },
    });
  });

  it("refuses a client of another protocol with 1002", async () => {
    const { url } = await start();
    const result = await handshake({ url, token: "t", protocol: { min: 1, max: 2 } });
    expect(result).toMatchObject({
      error: { code: "INVALID_REQUEST", details: { code: "PROTOCOL_MISMATCH", expectedProtocol: 4 } },
      close: { code: 1002, reason: "protocol mismatch" },
    });
  });

  it("asks the client to retry while it starts", async () => {
    const starting = await start({ starting: true });
    const { url } = starting;
    expect(await handshake({ url, token: "t" })).toMatchObject({
      error: {
        code: "UNAVAILABLE",
        retryable: true,
        retryAfterMs: 500,
        details: { reason: "startup-sidecars" },
      },
      close: { code: 1013, reason: "gateway starting" },
    });
    starting.setStarting(false);
    expect(await handshake({ url, token: "t" })).toMatchObject({ ok: true });
  });
});

describe("after hello-ok", () => {
  it("responds to requests; the snapshot has about the configured size", async () => {
    const { url } = await start({ snapshotBytes: 200_000 });
    const result = await handshake({ url, token: "t", device: createDevice(), keepOpen: true });
    const session = result.ok ? result.session : undefined;
    expect(JSON.stringify(result.ok && result.hello).length).toBeGreaterThan(200_000);
    expect(await session?.request("health")).toMatchObject({ ok: true });
    const large = "y".repeat(100_000);
    expect(await session?.request("echo", { large })).toEqual({ large });
    await session?.close();
  });

  it("closes every client with 1012 at a restart", async () => {
    const restarting = await start();
    const result = await handshake({ url: restarting.url, token: "t", keepOpen: true });
    const session = result.ok ? result.session : undefined;
    restarting.closeClients();
    await expect(session?.request("never")).rejects.toThrow("gateway closed (1012): service restart");
  });
});

it("echoes on another WebSocket path", async () => {
  const { url } = await start();
  const socket = new WebSocket(`${url}/__openclaw__/worker`);
  await once(socket, "open");
  socket.send(Buffer.from([1, 2, 3]));
  expect(await once(socket, "message")).toEqual([Buffer.from([1, 2, 3]), true]);
});

it("listens on ::1", async () => {
  const { url } = await start({ host: "::1" });
  expect(url).toMatch(/^ws:\/\/\[::1\]:\d+$/);
  expect(await handshake({ url, token: "t", device: createDevice() })).toMatchObject({ ok: true });
});

it("serves TLS with a certificate", async () => {
  const { url } = await start({ tls: TEST_CERTIFICATE });
  const options = { url, token: "t", device: createDevice() };
  expect(url).toMatch(/^wss:/);
  expect(await handshake({ ...options, ws: { ca: TEST_CERTIFICATE.cert } })).toMatchObject({ ok: true });
  expect(await handshake(options)).toMatchObject({
    ok: false,
    failure: expect.stringContaining("self-signed"),
  });
});
