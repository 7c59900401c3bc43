import { describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import { connectThrough, outcomeLineOf, startFakeGatewayWithShim } from "../support/gateways.ts";

describe("the outcome connected", () => {
  it.each(FAKE_RELEASES)(
    "has the client, role, scopes and versions, for a gateway of release %s",
    async (release) => {
      const { shim } = await startFakeGatewayWithShim({ release });
      const device = createDevice();
      const result = await connectThrough(shim, { device, scopes: ["operator.read", "operator.write"] });
      expect(result.ok).toBe(true);
      const outcome = await shim.outcome();
      expect(outcome).toMatchObject({
        event: "pairing.outcome",
        outcome: "connected",
        deviceId: device.id,
        client: { id: "cli", mode: "cli", version: "1.0.0", platform: process.platform },
        role: "operator",
        scopes: ["operator.read", "operator.write"],
        grantedScopes: ["operator.read", "operator.write"],
        deviceToken: "issued",
        gateway: { version: release, protocol: release === "2026.9.6" ? 4 : 3 },
        peer: "127.0.0.1",
        path: "/",
        firstSeen: true,
      });
      expect(outcome.ms).toBeGreaterThan(0);
      expect(outcome).not.toHaveProperty("fix");
      expect(outcome).not.toHaveProperty("reason");
    },
  );

  it("is logged as one line at level info with the same fields as the event", async () => {
    const { shim } = await startFakeGatewayWithShim();
    await connectThrough(shim);
    // pino adds the line's time.
    const { time, ...outcome } = await shim.outcome();
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
    expect(outcomeLineOf(shim, outcome.conn)).toMatchObject({
      ...outcome,
      level: "info",
      msg: "pairing outcome",
    });
    expect(shim.lines.filter((line) => line["event"] === "pairing.outcome")).toHaveLength(1);
  });

  it("has firstSeen once per device", async () => {
    const { shim } = await startFakeGatewayWithShim();
    const [one, two] = [createDevice(), createDevice()];
    for (const device of [one, one, two, one]) await connectThrough(shim, { device });
    await shim.outcome(3);
    expect(shim.outcomes.map(({ firstSeen }) => firstSeen)).toEqual([true, undefined, true, undefined]);
  });

  it("has the normalized fields, and publicForwarded for a public address", async () => {
    const { shim, fakeGateway } = await startFakeGatewayWithShim();
    await connectThrough(shim, {
      headers: { Host: "sandbox.example.com", "X-Forwarded-For": "8.8.8.8", "X-Real-IP": "10.0.0.7" },
    });
    expect(await shim.outcome()).toMatchObject({
      outcome: "connected",
      normalized: {
        host: { from: "sandbox.example.com", to: `127.0.0.1:${fakeGateway.port}` },
        stripped: { "x-forwarded-for": "8.8.8.8", "x-real-ip": "10.0.0.7" },
      },
      publicForwarded: true,
    });
  });
});
