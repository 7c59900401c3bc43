import { describe, expect, it, onTestFinished } from "vitest";
import { handshake, type HandshakeResult } from "../support/client.ts";
import { createDevice, type Device } from "../../src/openclaw/device.ts";
import { startFakeGateway, type FakeGateway } from "../fake-gateway/server.ts";
import { Secret } from "../../src/openclaw/token.ts";
import { openTestShim } from "../support/shim.ts";
import { FIVE_SCOPES } from "./harness.ts";

const TOKEN = "t";

/** A gateway that asks its operator about every device. */
async function startAsking(port = 0): Promise<FakeGateway> {
  const gateway = await startFakeGateway({
    release: "2026.9.6",
    token: TOKEN,
    autoApproveLocal: false,
    port,
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

describe("the approver, at a gateway that ends and is there again,", () => {
  it("comes back, and decides on a device that was refused meanwhile", async () => {
    const gateway = await startAsking();
    const shim = await openTestShim(
      gateway.port,
      { approve: "seen", approveScopes: FIVE_SCOPES, approveRoles: ["operator"] },
      { operator: { token: new Secret(TOKEN) } },
    );
    onTestFinished(() => shim.close());
    const connect = (device: Device): Promise<HandshakeResult> =>
      handshake({ url: `ws://${shim.authority}`, token: TOKEN, device });
    await shim.logged("approver.up");

    await gateway.close();
    expect(await shim.logged("approver.down")).toMatchObject({ reason: expect.any(String) as string });
    const again = await startAsking(gateway.port);
    const device = createDevice();
    expect(await connect(device)).toMatchObject({ ok: false });

    expect(await shim.logged("approved")).toMatchObject({ deviceId: device.id });
    expect(await connect(device)).toMatchObject({ ok: true });
    expect(again.pairing.pending).toEqual([]);
  });
});
