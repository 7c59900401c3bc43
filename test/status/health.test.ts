import { describe, expect, it } from "vitest";
import { rawClient, startRawServer, upgradeRequest } from "../support/raw.ts";
import { exchange, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

async function ask(port: number, page: string): Promise<{ status: number; body: unknown; answer: string }> {
  const answer = await exchange(port, [
    `GET /__shim__/${page} HTTP/1.1`,
    "Host: localhost",
    "Connection: close",
  ]);
  return { answer, status: statusOf(answer), body: JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) };
}

describe("/__shim__/health", () => {
  it("is 200 while the gateway is reachable, and 503 with the reason once it is not", async () => {
    const gateway = await startRawServer();
    const shim = await openShimFor(gateway);
    expect(await ask(shim.port, "health")).toMatchObject({
      status: 200,
      body: { gateway: { reachable: true } },
    });
    await gateway.close();
    const down = await ask(shim.port, "health");
    expect(down).toMatchObject({
      status: 503,
      body: { gateway: { reachable: false, reason: "ECONNREFUSED" } },
    });
  });

  it("has the time of the last change in ISO 8601, and is not cached", async () => {
    const start = Date.now();
    const shim = await openShimFor(await startRecorder());
    const { answer, body } = await ask(shim.port, "health");
    expect(body).toMatchObject({ gateway: { since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) } });
    const since = /"since":"([^"]+)"/.exec(answer)?.[1] ?? "";
    expect(Date.parse(since)).toBeGreaterThanOrEqual(start);
    expect(answer).toMatch(/\r\nCache-Control: no-store\r\n/i);
    expect(answer).toMatch(/\r\nX-Content-Type-Options: nosniff\r\n/i);
  });

  it("contains the last outcome, or null", async () => {
    const shim = await openShimFor(await startRecorder());
    expect(await ask(shim.port, "health")).toMatchObject({ body: { lastOutcome: null } });
    await rawClient(shim.port, upgradeRequest(["Origin: http://"])).closed();
    const { conn } = await shim.outcome();
    expect(await ask(shim.port, "health")).toMatchObject({
      body: { lastOutcome: { conn, outcome: "denied" } },
    });
  });

  it("counts the clients, by whether they connected", async () => {
    const shim = await openShimFor(await startRecorder());
    await rawClient(shim.port, upgradeRequest(["Origin: http://"])).closed();
    await shim.outcome();
    expect(await ask(shim.port, "health")).toMatchObject({ body: { clients: { connected: 0, other: 1 } } });
  });

  it("responds if all connections are in use", async () => {
    const gateway = await startRecorder(() => "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    const shim = await openShimFor(gateway, { maxConnections: 1 });
    const held = rawClient(shim.port, upgradeRequest());
    await held.until((text) => text.startsWith("HTTP/1.1 101 "));
    expect((await ask(shim.port, "health")).status).toBe(200);
    held.socket.destroy();
  });
});

describe("/__shim__/outcomes", () => {
  it("has the time of each outcome in ISO 8601", async () => {
    const start = Date.now();
    const shim = await openShimFor(await startRecorder());
    await rawClient(shim.port, upgradeRequest(["Origin: http://"])).closed();
    const { answer } = await ask(shim.port, "outcomes");
    const time = Date.parse(/"time":"([\dT:.-]+Z)"/.exec(answer)?.[1] ?? "");
    expect(time).toBeGreaterThanOrEqual(start);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it("contains the reported outcomes, oldest first, at most 200", async () => {
    const shim = await openShimFor(await startRecorder());
    expect((await ask(shim.port, "outcomes")).body).toEqual([]);
    for (let i = 0; i < 203; i += 1) await rawClient(shim.port, upgradeRequest(["Origin: http://"])).closed();
    await shim.outcome(202);
    const { body } = await ask(shim.port, "outcomes");
    expect(body).toEqual(structuredClone(shim.outcomes.slice(3)));
  });
});
