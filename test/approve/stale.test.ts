import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import { shellCommand } from "../../src/errors.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { HandshakeOptions } from "../support/client.ts";
import type { FakeGatewayOptions } from "../fake-gateway/server.ts";
import { startApproveBench } from "./harness.ts";

/** An address of this machine that is not loopback; undefined in a network namespace without one. */
const LAN = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

/** How a first attempt of a device leaves a stale request on 2026.9.6 (docs/gateway.md section 2). */
const FIRST_ATTEMPTS: readonly (readonly [
  what: string,
  gateway: Partial<FakeGatewayOptions>,
  how: (port: number) => Partial<HandshakeOptions>,
])[] = [
  [
    "trustedProxies and a public X-Forwarded-For",
    { trustedProxies: ["127.0.0.1", "::1"] },
    () => ({ headers: { "X-Forwarded-For": "203.0.113.7" } }),
  ],
  [
    "bind: lan and an address of the network",
    { host: "0.0.0.0" },
    (port) => ({ url: `ws://${LAN}:${port}` }),
  ],
];

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

describe.each(FIRST_ATTEMPTS)("at 2026.9.6, after %s,", (_, options, how) => {
  it.skipIf(options.host && !LAN)("the request is stale, and --approve seen repairs it", async () => {
    const { gateway, direct, through, logged } = await startApproveBench("2026.9.6", {}, options);
    const device = createDevice();
    expect(await direct({ device, ...how(gateway.port) })).toMatchObject({ ok: false });
    expect(gateway.pairing.pending).toMatchObject([{ silent: false }]);
    // Without the shim's help it stays refused, although it is local now.
    expect(await direct({ device })).toMatchObject({ ok: false });
    const stale = gateway.pairing.pending[0]?.requestId;

    expect(await through({ device })).toMatchObject({ ok: true });
    expect(await logged("rejected")).toMatchObject({ requestId: stale, deviceId: device.id });
  });

  it.skipIf(options.host && !LAN)("the outcome says that the request may be stale", async () => {
    const { gateway, shim, direct, through } = await startApproveBench(
      "2026.9.6",
      { approve: "off" },
      options,
    );
    const device = createDevice();
    await direct({ device, ...how(gateway.port) });
    await through({ device });

    const { fix, command, requestId } = await shim.outcome();
    expect(fix).toMatch(/stale.*--approve seen/);
    expect(command).toBe(shellCommand("approve-device", requestId));
    expect(gateway.pairing.pending.map((one) => one.requestId)).toContain(requestId);
  });
});
