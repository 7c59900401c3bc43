import { Agent, request } from "node:http";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { acceptUpgrade, openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, rawClient, upgradeRequest } from "../support/raw.ts";
import { OK } from "../support/recorder.ts";

describe("close()", () => {
  it("lets an upgraded connection finish, and resolves immediately after", async () => {
    const { shim, gateway, upgrade } = await startRawGatewayWithShim(acceptUpgrade(), { drain: 5_000 });
    const client = upgrade();
    await client.until((text) => text.includes("\r\n\r\n"));
    const start = performance.now();
    const closing = shim.close();
    client.socket.write("still connected");
    await expect.poll(() => gateway.received()).toMatch(/still connected$/);
    client.socket.end();
    await closing;
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(shim.lines.map((line) => line["event"]).slice(-3)).toEqual([
      "draining",
      "pairing.outcome",
      "stopped",
    ]);
  });

  it("destroys both sides of a connection that is open after the drain time", async () => {
    const { shim, requests, upgrade } = await startRawGatewayWithShim(acceptUpgrade(), { drain: 100 });
    const client = upgrade();
    await client.until((text) => text.includes("\r\n\r\n"));
    await shim.close();
    await Promise.all([client.closed(), ...requests.map(closed)]);
    expect(shim.outcomes).toHaveLength(1);
  });

  it("refuses an upgrade and a request that have no response after the drain time", async () => {
    const { shim, requests, upgrade } = await startRawGatewayWithShim();
    const clients = [upgrade(), upgrade("GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")];
    await expect.poll(() => requests.length).toBe(2);
    await shim.close();
    for (const client of clients) {
      expect(await client.closed()).toMatch(/^HTTP\/1.1 503 [^]*"type":"draining"/);
    }
    await Promise.all(requests.map(closed));
    expect(shim.outcomes).toMatchObject([{ outcome: "denied", reason: "draining" }]);
  });

  it("refuses an upgrade that waits for a gateway that is not up", async () => {
    const { shim, gateway, upgrade } = await startRawGatewayWithShim(() => {}, { hold: 10_000 });
    await gateway.close();
    const client = upgrade();
    await expect.poll(() => openSlots(shim)).toBe(1);
    await shim.close();
    expect(await client.closed()).toMatch(/^HTTP\/1.1 503 [^]*"type":"draining"/);
    expect(shim.outcomes).toMatchObject([{ outcome: "denied", reason: "draining" }]);
  });

  it("refuses upgrades with a credential that wait for their turn", async () => {
    const { shim, requests, upgrade } = await startRawGatewayWithShim();
    const clients = Array.from({ length: 30 }, (_, i) => upgrade(upgradeRequest([`Authorization: ${i}`])));
    await expect.poll(() => openSlots(shim)).toBe(30);
    expect(requests.length).toBeLessThan(30);
    await shim.close();
    for (const client of clients) expect(await client.closed()).toContain('"type":"draining"');
    expect(shim.outcomes.map(({ reason }) => reason)).toEqual(clients.map(() => "draining"));
  });

  it("reports draining if the gateway has not answered connect", async () => {
    const { shim, requests, upgrade } = await startRawGatewayWithShim(acceptUpgrade());
    const client = upgrade();
    await client.until((text) => text.includes("\r\n\r\n"));
    await shim.close();
    await Promise.all([client.closed(), ...requests.map(closed)]);
    expect(shim.outcomes).toMatchObject([{ outcome: "denied", reason: "draining" }]);
  });

  it("closes idle HTTP connections immediately, and accepts no new ones", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim((socket) => socket.end(OK), {
      drain: 5_000,
    });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const idle = request({ host: "127.0.0.1", port: shim.port, agent }).end();
    const [response] = await once(idle, "response");
    response.resume();
    await once(response, "close");
    const { socket } = idle;
    expect(socket?.destroyed).toBe(false);
    const start = performance.now();
    await shim.close();
    if (socket) await closed(socket);
    expect(performance.now() - start).toBeLessThan(400);
    const late = upgrade();
    await closed(late.socket);
    expect(late.received()).toBe("");
  });

  it("relays the first request of a connection that was accepted before", async () => {
    const { shim, upgrade, requests } = await startRawGatewayWithShim(acceptUpgrade(), { drain: 5_000 });
    const late = rawClient(shim.port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    // The shim accepts connections in order.
    const other = upgrade();
    await other.until((text) => text.includes("\r\n\r\n"));
    const closing = shim.close();
    late.socket.write(upgradeRequest().replace(/^GET .*\r\nHost: .*\r\n/, ""));
    expect(await late.until((text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1.1 101 /);
    expect(requests).toHaveLength(2);
    other.socket.destroy();
    late.socket.destroy();
    await closing;
    expect(shim.outcomes).toHaveLength(2);
  });

  it("may be called twice", async () => {
    const { shim } = await startRawGatewayWithShim();
    await Promise.all([shim.close(), shim.close()]);
    expect(shim.lines.filter((line) => line["event"] === "stopped")).toHaveLength(1);
  });
});
