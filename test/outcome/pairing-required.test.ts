import { describe, expect, it } from "vitest";
import { shellCommand } from "../../src/errors.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import {
  connectThrough,
  outcomeLineOf,
  startFakeGatewayWithShim,
  startRefusingGateway,
} from "../support/gateways.ts";
import { openShimFor } from "../support/shim.ts";

describe("the outcome pairing-required", () => {
  it("has the request id in its command, including for the refusal of 2026.2.19", async () => {
    const { shim } = await startFakeGatewayWithShim({
      release: "2026.2.19",
      trustedProxies: ["127.0.0.0/8"],
    });
    const device = createDevice();
    const result = await connectThrough(shim, { device });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({
      outcome: "pairing-required",
      reason: "NOT_PAIRED",
      deviceId: device.id,
      close: { code: 1008, reason: "pairing required" },
    });
    const { requestId = "none" } = outcome;
    expect(result).toMatchObject({ ok: false, error: { code: "NOT_PAIRED", details: { requestId } } });
    expect(outcome.command).toBe(shellCommand("approve-device", requestId));
    expect(outcomeLineOf(shim, outcome.conn)).toMatchObject({ level: "warn" });
    expect(outcome).not.toHaveProperty("firstSeen");
  });

  it("has the gateway's reason, if any", async () => {
    const { shim } = await startFakeGatewayWithShim({ release: "2026.9.6", autoApproveLocal: false });
    await connectThrough(shim, { role: "node", scopes: [] });
    expect(await shim.outcome()).toMatchObject({
      outcome: "pairing-required",
      reason: "not-paired",
      role: "node",
    });
  });

  it("has the reason scope-upgrade when a paired device requests more scopes", async () => {
    const { shim } = await startFakeGatewayWithShim({ release: "2026.4.5" });
    const device = createDevice();
    await connectThrough(shim, { device, scopes: ["operator.read"] });
    await connectThrough(shim, { device, scopes: ["operator.admin"] });
    const outcome = await shim.outcome(1);
    expect(outcome).toMatchObject({
      outcome: "pairing-required",
      reason: "scope-upgrade",
      scopes: ["operator.admin"],
    });
    expect(outcome.fix).toContain("more scopes");
    expect(outcome.command).toBe(shellCommand("approve-device", outcome.requestId));
  });

  it.each(["role-upgrade", "metadata-upgrade"])("has the reason %s", async (reason) => {
    const details = { code: "PAIRING_REQUIRED", reason, requestId: "r-1", deviceId: "of-the-gateway" };
    const shim = await openShimFor(await startRefusingGateway({ code: "NOT_PAIRED", details }));
    await connectThrough(shim);
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "pairing-required", reason, requestId: "r-1" });
    expect(outcome.command).toBe(shellCommand("approve-device", "r-1"));
  });

  it.each(["r; rm -rf ~", "$(id)", "`id`", "a b", "r-1\n", "--latest"])(
    "has no command for the request id %j",
    async (requestId) => {
      const shim = await openShimFor(
        await startRefusingGateway({ code: "NOT_PAIRED", details: { requestId } }),
      );
      await connectThrough(shim);
      const { fix, command } = await shim.outcome();
      expect(command).toBeUndefined();
      expect(fix).not.toContain(requestId);
    },
  );
});
