import { describe, expect, it } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * A gateway that refuses an upgrade and keeps the connection open reads what follows as the next request: one that
 * passed no gate. So nothing a client sends before the 101 may go on before it.
 */
const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: gateway\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n";
const REFUSAL = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno";

describe("bytes that follow an upgrade request", () => {
  it("in one write with it do not reach a gateway that refuses with keep-alive", async () => {
    const gateway = await startRecorder(() => REFUSAL);
    const shim = await openShimFor(gateway);
    const answer = await rawClient(shim.port, upgradeRequest() + HIDDEN).closed();
    expect(answer).toBe(REFUSAL);
    expect(gateway.requests()).toHaveLength(1);
    expect(gateway.bytes()).not.toContain("hidden");
  });

  it("while the gateway is still thinking do not reach it either", async () => {
    const gateway = await startRecorder(() => "");
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, upgradeRequest());
    await gateway.until((bytes) => bytes.endsWith("\r\n\r\n"));
    client.socket.write(HIDDEN.repeat(100));
    // The refusal comes after the shim has had the bytes: an HTTP exchange on another connection is behind them.
    const probe = rawClient(shim.port, "GET /__shim__/nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await probe.closed();
    gateway.reply(REFUSAL);
    expect(await client.closed()).toBe(REFUSAL);
    expect(gateway.bytes()).not.toContain("hidden");
  });

  it("after the refusal go nowhere", async () => {
    const gateway = await startRecorder(() => "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf");
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, upgradeRequest());
    await client.until((text) => text.endsWith("half"));
    client.socket.write(HIDDEN);
    gateway.reply("x".repeat(96));
    expect(statusOf(await client.closed())).toBe(403);
    expect(gateway.bytes()).not.toContain("hidden");
  });

  it("reach a gateway that agrees, after its 101, as the client sent them", async () => {
    const gateway = await startRecorder(({ line }) =>
      line.startsWith("GET / ") ? "HTTP/1.1 101 Switching Protocols\r\n\r\n" : "",
    );
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, `${upgradeRequest()}early frames`);
    await gateway.until((bytes) => bytes.endsWith("\r\n\r\nearly frames"));
    client.socket.destroy();
    expect(gateway.requests()).toHaveLength(1);
  });
});
