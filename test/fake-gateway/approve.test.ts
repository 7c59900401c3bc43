import { describe, expect, it } from "vitest";
import { handshake } from "../support/client.ts";
import { GatewayRequestError, type GatewaySession } from "../../src/openclaw/gateway-session.ts";
import { createDevice, type Device } from "../../src/openclaw/device.ts";
import { isRecord } from "../../src/text/json.ts";
import { FAKE_RELEASES } from "./behaviors.ts";
import type { FakeRelease } from "./behaviors.ts";
import { startFakeGateway } from "./server.ts";
import type { FakeGateway } from "./server.ts";
import { connectOperator } from "../support/operator.ts";

/** Makes a pending request: since 2026.3 a page that is not the gateway's own is not paired silently. */
async function makePending({ url, release }: FakeGateway, device: Device): Promise<void> {
  const how =
    release === "2026.2.19" ? { headers: { Host: "sb.vercel.run" } } : { origin: "http://127.0.0.1:1" };
  await handshake({ url, token: "t", device, ...how });
}

/** Resolves with the next event about this device; others, such as the operator's own pairing, are ignored. */
function eventAbout({ id }: Device, operator: GatewaySession, event: string): Promise<unknown> {
  return new Promise((resolve) => {
    operator.onEvent(event, (payload) => {
      if (isRecord(payload) && payload["deviceId"] === id) resolve(payload);
    });
  });
}

describe.each(FAKE_RELEASES)("an operator at %s", (release: FakeRelease) => {
  it("receives and approves a pending request, and the device connects", async () => {
    const gateway = await startFakeGateway({ release, token: "t" });
    const operator = await connectOperator(gateway.url, "t");
    const device = createDevice();
    const request = eventAbout(device, operator, "device.pair.requested");
    await makePending(gateway, device);
    const requested = await request;
    expect(requested).toMatchObject({ deviceId: device.id, silent: false, scopes: ["operator.read"] });
    const list = await operator.request("device.pair.list");
    expect(list).toMatchObject({ pending: [requested] });
    const { requestId } = gateway.pairing.pending[0] ?? {};
    const resolution = eventAbout(device, operator, "device.pair.resolved");
    expect(await operator.request("device.pair.approve", { requestId })).toMatchObject({ requestId });
    expect(await resolution).toMatchObject({ requestId, decision: "approved" });
    expect(await handshake({ url: gateway.url, token: "t", device })).toMatchObject({ ok: true });
    await gateway.close();
  });

  it("rejects a stale request, and the device is paired silently", async () => {
    const gateway = await startFakeGateway({ release, token: "t" });
    const operator = await connectOperator(gateway.url, "t");
    const device = createDevice();
    await makePending(gateway, device);
    const { requestId } = gateway.pairing.pending[0] ?? {};
    expect(await operator.request("device.pair.reject", { requestId })).toEqual({
      requestId,
      deviceId: device.id,
    });
    expect(await handshake({ url: gateway.url, token: "t", device })).toMatchObject({ ok: true });
    await gateway.close();
  });

  it("cannot list requests without operator.pairing", async () => {
    const gateway = await startFakeGateway({ release, token: "t" });
    const result = await handshake({ url: gateway.url, token: "t", device: createDevice(), keepOpen: true });
    const session = result.ok ? result.session : undefined;
    await expect(session?.request("device.pair.list")).rejects.toThrow(GatewayRequestError);
    await expect(session?.request("no.such.method")).rejects.toThrow("unknown method: no.such.method");
    await gateway.close();
  });
});

it("approves only the operator's own scopes since 2026.3", async () => {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
  const operator = await handshake({
    url: gateway.url,
    token: "t",
    device: createDevice(),
    scopes: ["operator.pairing"],
    keepOpen: true,
  });
  const device = createDevice();
  await handshake({
    url: gateway.url,
    token: "t",
    device,
    origin: "http://127.0.0.1:1",
    scopes: ["operator.admin"],
  });
  const { requestId } = gateway.pairing.pending[0] ?? {};
  const session = operator.ok ? operator.session : undefined;
  await expect(session?.request("device.pair.approve", { requestId })).rejects.toThrow(
    "missing scope: operator.admin",
  );
  await gateway.close();
});
