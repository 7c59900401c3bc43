import { describe, expect, it } from "vitest";
import { rawClient, SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * A gateway that refuses an upgrade and keeps the connection open reads the next bytes as a request that no gate has
 * checked. Bytes that a client sends before the 101 must not be forwarded before it.
 */
const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: gateway\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n";
const REFUSAL = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno";

describe("bytes that follow an upgrade request", () => {
  it("in the same write do not reach a gateway that refuses with keep-alive", async () => {
    const gateway = await startRecorder(() => REFUSAL);
    const shim = await openShimFor(gateway);
    const response = await rawClient(shim.port, upgradeRequest() + HIDDEN).closed();
    expect(response).toBe(REFUSAL);
    expect(gateway.requests()).toHaveLength(1);
    expect(gateway.bytes()).not.toContain("hidden");
  });

  it("before the gateway's response do not reach it", async () => {
    const gateway = await startRecorder(() => "");
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, upgradeRequest());
    await gateway.until((bytes) => bytes.endsWith("\r\n\r\n"));
    client.socket.write(HIDDEN.repeat(100));
    // A completed exchange on another connection shows that the shim has received the bytes before the refusal.
    const probe = rawClient(shim.port, "GET /__shim__/nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await probe.closed();
    gateway.reply(REFUSAL);
    expect(await client.closed()).toBe(REFUSAL);
    expect(gateway.bytes()).not.toContain("hidden");
  });

  it("after the refusal are discarded", async () => {
    const gateway = await startRecorder(() => "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf");
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, upgradeRequest());
    await client.until((text) => text.endsWith("half"));
    client.socket.write(HIDDEN);
    gateway.reply("x".repeat(96));
    expect(statusOf(await client.closed())).toBe(403);
    expect(gateway.bytes()).not.toContain("hidden");
  });

  it("reach a gateway that accepts, unchanged and after its 101", async () => {
    const gateway = await startRecorder(({ line }) => (line.startsWith("GET / ") ? SWITCHING_PROTOCOLS : ""));
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, `${upgradeRequest()}early frames`);
    await gateway.until((bytes) => bytes.endsWith("\r\n\r\nearly frames"));
    client.socket.destroy();
    expect(gateway.requests()).toHaveLength(1);
  });
});
