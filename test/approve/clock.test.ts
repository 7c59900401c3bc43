import { describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { setClock } from "../support/clock.ts";
import { startApproveBench } from "./harness.ts";

describe("a device that was seen refused", () => {
  it.each([
    ["an hour ahead", 3_600_000],
    ["an hour back", -3_600_000],
  ])("is approved, though the clock was set %s meanwhile", async (_what, ms) => {
    const { through, shim, logged } = await startApproveBench("2026.4.5");
    const device = createDevice();
    await through({ device, scopes: ["operator.read"] });
    setClock(Date.now() + ms);

    await through({ device, scopes: ["operator.admin"] });

    expect(await logged("approved")).toMatchObject({ deviceId: device.id });
    expect(await through({ device, scopes: ["operator.admin"] })).toMatchObject({ ok: true });
    expect((await shim.outcome(1)).ms).toBeGreaterThanOrEqual(0);
  });
});
