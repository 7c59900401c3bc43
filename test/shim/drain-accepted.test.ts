import { describe, expect, it } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim, type RawGatewayWithShim } from "../support/raw-gateway.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";

const HEALTH = "GET /__shim__/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

/** Waits until the shim has accepted all earlier connections: it accepts them in order. */
async function allAccepted({ shim }: RawGatewayWithShim): Promise<void> {
  await rawClient(shim.port, HEALTH).closed();
}

describe("close(), with only a recently accepted connection open", () => {
  it.each(["GET / HTTP/1.1\r\nHost: ", ""])(
    "accepts the rest of its first request head, after %j",
    async (sent) => {
      const setup = await startRawGatewayWithShim(acceptUpgrade(), { drain: 5_000 });
      const late = setup.upgrade(sent);
      await allAccepted(setup);
      const closing = setup.shim.close();
      await setup.shim.logged("draining");
      late.socket.write(upgradeRequest().slice(sent.length));
      expect(await late.until((text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1.1 101 /);
      late.socket.end();
      await closing;
      expect(setup.shim.outcomes).toHaveLength(1);
    },
  );

  it("does not wait long for one that sends nothing", async () => {
    const setup = await startRawGatewayWithShim(acceptUpgrade(), { drain: 5_000 });
    const silent = setup.upgrade("");
    await allAccepted(setup);
    const start = performance.now();
    await setup.shim.close();
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(await silent.closed()).toBe("");
  });

  it("does not wait longer than the drain time", async () => {
    const setup = await startRawGatewayWithShim(acceptUpgrade(), { drain: 0 });
    setup.upgrade("GET / HTTP/1.1\r\n");
    await allAccepted(setup);
    const start = performance.now();
    await setup.shim.close();
    expect(performance.now() - start).toBeLessThan(400);
  });
});
