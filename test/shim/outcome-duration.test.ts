import { describe, expect, it } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim, type RawGatewayWithShim } from "../support/raw-gateway.ts";
import { upgradeRequest } from "../support/raw.ts";

/** Requests the health endpoint repeatedly for 200 ms. Returns the elapsed milliseconds. */
async function spendTime({ shim }: RawGatewayWithShim): Promise<number> {
  const from = performance.now();
  while (performance.now() - from < 200)
    await (await fetch(`http://${shim.authority}/__shim__/health`)).text();
  return performance.now() - from;
}

describe("ms of an outcome", () => {
  it("is measured from the accept of the connection", async () => {
    const setup = await startRawGatewayWithShim(acceptUpgrade());
    const before = performance.now();
    const client = setup.upgrade("");
    // The shim accepts connections in order: the client's is accepted before this response.
    await fetch(`http://${setup.shim.authority}/__shim__/health`);
    const elapsed = await spendTime(setup);
    client.socket.write(upgradeRequest());
    await client.until((text) => text.includes("\r\n\r\n"));
    client.socket.destroy();
    const { ms } = await setup.shim.outcome();
    expect(ms).toBeGreaterThanOrEqual(Math.floor(elapsed));
    expect(ms).toBeLessThanOrEqual(Math.ceil(performance.now() - before));
  });

  it("is measured from the request head for a later request of a connection", async () => {
    const setup = await startRawGatewayWithShim(acceptUpgrade());
    const client = setup.upgrade(`GET /__shim__/health HTTP/1.1\r\nHost: ${setup.shim.authority}\r\n\r\n`);
    await client.until((text) => text.includes("{"));
    const elapsed = await spendTime(setup);
    client.socket.write(upgradeRequest());
    await client.until((text) => text.includes("101 Switching"));
    client.socket.destroy();
    expect((await setup.shim.outcome()).ms).toBeLessThan(elapsed);
  });
});
