import { describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { connectThrough, startFakeGatewayWithShim } from "../support/gateways.ts";

describe("two shims in one process", () => {
  it("share no state", async () => {
    const [one, two] = [
      await startFakeGatewayWithShim({ release: "2026.2.19" }),
      await startFakeGatewayWithShim({ release: "2026.9.6" }),
    ];
    const device = createDevice();
    await connectThrough(one.shim, { device });
    await connectThrough(two.shim, { device });
    // For each of them it is the first connection of the device, and each reports its own gateway.
    expect(one.shim.outcomes).toMatchObject([
      { outcome: "connected", firstSeen: true, gateway: { version: "2026.2.19" } },
    ]);
    expect(two.shim.outcomes).toMatchObject([
      { outcome: "connected", firstSeen: true, gateway: { version: "2026.9.6" } },
    ]);
    expect(one.shim.lines.filter(({ event }) => event === "pairing.outcome")).toHaveLength(1);

    await one.shim.close();
    expect(await connectThrough(two.shim, { device })).toMatchObject({ ok: true });
    expect(one.shim.outcomes).toHaveLength(1);
    expect(two.shim.outcomes).toHaveLength(2);
  });
});
