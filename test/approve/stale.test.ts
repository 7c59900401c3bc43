import { describe, expect, it } from "vitest";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startApproveBench } from "./harness.ts";

describe.each(FAKE_RELEASES)("at %s a device with a stale request", (release) => {
  it("connects through the shim at its first attempt", async () => {
    const { gateway, direct, through, logged } = await startApproveBench(release);
    const device = createDevice();
    const how =
      release === "2026.2.19" ? { headers: { Host: "sb.vercel.run" } } : { origin: "http://127.0.0.1:1" };
    expect(await direct({ device, ...how })).toMatchObject({ ok: false });
    const stale = gateway.pairing.pending[0]?.requestId;

    expect(await through({ device })).toMatchObject({ ok: true });
    expect(await logged("rejected")).toMatchObject({ requestId: stale, deviceId: device.id });
  });
});
