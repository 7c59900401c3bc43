import { describe, expect, it } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim, type RawGatewayWithShim } from "../support/raw-gateway.ts";
import { upgradeRequest } from "../support/raw.ts";

/** Time that really passes, without a timer: many answers of the shim, one after the other. */
async function pass({ shim }: RawGatewayWithShim): Promise<number> {
  const from = performance.now();
  while (performance.now() - from < 200)
    await (await fetch(`http://${shim.authority}/__shim__/health`)).text();
  return performance.now() - from;
}

describe("ms", () => {
  it("counts from when the connection was accepted", async () => {
    const bench = await startRawGatewayWithShim(acceptUpgrade());
    const before = performance.now();
    const client = bench.upgrade("");
    // Connections are accepted in their order: when this one was answered, the client's had been.
    await fetch(`http://${bench.shim.authority}/__shim__/health`);
    const passed = await pass(bench);
    client.socket.write(upgradeRequest());
    await client.until((text) => text.includes("\r\n\r\n"));
    client.socket.destroy();
    const { ms } = await bench.shim.outcome();
    expect(ms).toBeGreaterThanOrEqual(Math.floor(passed));
    expect(ms).toBeLessThanOrEqual(Math.ceil(performance.now() - before));
  });

  it("counts from its own head for a later request of a connection", async () => {
    const bench = await startRawGatewayWithShim(acceptUpgrade());
    const client = bench.upgrade(`GET /__shim__/health HTTP/1.1\r\nHost: ${bench.shim.authority}\r\n\r\n`);
    await client.until((text) => text.includes("{"));
    const passed = await pass(bench);
    client.socket.write(upgradeRequest());
    await client.until((text) => text.includes("101 Switching"));
    client.socket.destroy();
    expect((await bench.shim.outcome()).ms).toBeLessThan(passed);
  });
});
