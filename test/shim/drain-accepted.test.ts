import { Agent, request } from "node:http";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim, type RawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, rawClient, upgradeRequest } from "../support/raw.ts";

const HEALTH = "GET /__shim__/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

/** Connections are accepted in the order in which they came: one that came later is over. */
async function allAccepted({ shim }: RawGatewayWithShim): Promise<void> {
  await rawClient(shim.port, HEALTH).closed();
}

describe("close(), with nothing else open than a connection that was just accepted", () => {
  it.each(["GET / HTTP/1.1\r\nHost: ", ""])("lets the rest of its first head in, after %j", async (sent) => {
    const bench = await startRawGatewayWithShim(acceptUpgrade(), { drain: 5_000 });
    const late = bench.upgrade(sent);
    await allAccepted(bench);
    const over = bench.shim.close();
    await bench.shim.logged("draining");
    late.socket.write(upgradeRequest().slice(sent.length));
    expect(await late.until((text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1.1 101 /);
    late.socket.end();
    await over;
    expect(bench.shim.outcomes).toHaveLength(1);
  });

  it("is not held for long by one that sends nothing", async () => {
    const bench = await startRawGatewayWithShim(acceptUpgrade(), { drain: 5_000 });
    const silent = bench.upgrade("");
    await allAccepted(bench);
    const start = performance.now();
    await bench.shim.close();
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(await silent.closed()).toBe("");
  });

  it("waits for none longer than the drain time", async () => {
    const bench = await startRawGatewayWithShim(acceptUpgrade(), { drain: 0 });
    bench.upgrade("GET / HTTP/1.1\r\n");
    await allAccepted(bench);
    const start = performance.now();
    await bench.shim.close();
    expect(performance.now() - start).toBeLessThan(400);
  });

  it("does not wait for one that is idle after its answer", async () => {
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const { shim } = await startRawGatewayWithShim((socket) => socket.end(answer), { drain: 5_000 });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const asked = request({ host: "127.0.0.1", port: shim.port, agent }).end();
    const [response] = await once(asked, "response");
    response.resume();
    await once(response, "close");
    const start = performance.now();
    await shim.close();
    if (asked.socket) await closed(asked.socket);
    expect(performance.now() - start).toBeLessThan(400);
  });
});
