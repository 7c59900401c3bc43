import { describe, expect, it, onTestFinished } from "vitest";
import { openShimFor, type TestShim } from "../support/shim.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";

function gatewayLines({ lines }: TestShim): unknown[] {
  return lines
    .filter(({ event }) => String(event).startsWith("gateway."))
    .map(({ level, event }) => [level, event]);
}

async function health(shim: TestShim): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://${shim.authority}/__shim__/health`);
  return { status: response.status, body: await response.json() };
}

describe("the gateway's reachability", () => {
  it("is logged only when it changes", async () => {
    const first = await startFakeGateway({ release: "2026.9.6", token: "t" });
    const shim = await openShimFor(first);
    for (let i = 0; i < 3; i += 1) {
      expect(await health(shim)).toMatchObject({ status: 200, body: { gateway: { reachable: true } } });
    }
    expect(gatewayLines(shim)).toEqual([["info", "gateway.up"]]);

    await first.close();
    for (let i = 0; i < 3; i += 1) {
      expect(await health(shim)).toMatchObject({
        status: 503,
        body: { gateway: { reachable: false, reason: "ECONNREFUSED" } },
      });
    }
    const down = ["warn", "gateway.down"];
    expect(gatewayLines(shim)).toEqual([["info", "gateway.up"], down]);

    const second = await startFakeGateway({ release: "2026.9.6", token: "t", port: first.port });
    onTestFinished(() => second.close());
    // The shim probes a gateway that is down without being asked.
    await expect
      .poll(() => gatewayLines(shim), { timeout: 4_000 })
      .toEqual([["info", "gateway.up"], down, ["info", "gateway.up"]]);
  });
});
