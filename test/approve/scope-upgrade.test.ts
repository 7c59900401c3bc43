import { describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { startApproveBench } from "./harness.ts";

describe.each(["2026.2.19", "2026.4.5"] as const)("at %s a device that asks for more scopes", (release) => {
  it("is approved after the refusal that the shim saw, and connects at its next attempt", async () => {
    const { through, shim, logged } = await startApproveBench(release);
    const device = createDevice();
    expect(await through({ device, scopes: ["operator.read"] })).toMatchObject({ ok: true });

    expect(await through({ device, scopes: ["operator.admin"] })).toMatchObject({ ok: false });
    const refused = await shim.outcome(1);
    expect(refused).toMatchObject({ outcome: "pairing-required", deviceId: device.id });
    expect(await logged("approved")).toMatchObject({
      conn: refused.conn,
      deviceId: device.id,
      requestId: refused.requestId,
      role: "operator",
      scopes: ["operator.admin"],
    });

    const response = await fetch(`http://${shim.authority}/__shim__/outcomes`);
    const time = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    expect(await response.json()).toMatchObject([{}, { conn: refused.conn, approvedAt: time }]);
    expect(refused).not.toHaveProperty("approvedAt");
    expect(await through({ device, scopes: ["operator.admin"] })).toMatchObject({ ok: true });
  });

  it("is not approved beyond --approve-scopes, and the line says so", async () => {
    const { through, gateway, logged } = await startApproveBench(release, {
      approveScopes: ["operator.read"],
    });
    const device = createDevice();
    await through({ device, scopes: ["operator.read"] });
    await through({ device, scopes: ["operator.admin"] });
    expect(await logged("not-approved")).toMatchObject({
      level: "warn",
      deviceId: device.id,
      reason: "scope operator.admin is not in --approve-scopes",
      fix: "if the device is yours, approve its request, or widen --approve-roles and --approve-scopes",
      command: expect.stringMatching(/ openclaw devices approve \w[\w-]+$/),
    });
    expect(gateway.pairing.pending).toHaveLength(1);
  });
});
