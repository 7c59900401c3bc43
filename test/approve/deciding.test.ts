import { describe, expect, it } from "vitest";
import { createDevice, signConnect } from "../../src/openclaw/device.ts";
import { readConnect, type PendingRequest } from "../../src/openclaw/protocol.ts";
import { connectRequest } from "../support/messages.ts";
import { approverOver, FakeLink } from "./fake-link.ts";

const device = createDevice();
const { id: deviceId, publicKey } = device;
const NONCE = "nonce";
const PARAMS = { client: { id: "cli", mode: "cli" }, scopes: ["operator.admin"] };
const FRAME = Buffer.from(connectRequest(signConnect(device, PARAMS, NONCE)));
const CONNECT = readConnect(FRAME);
if (!CONNECT) throw new Error("not a connect request");
const PENDING: PendingRequest = {
  requestId: "r-1",
  deviceId,
  publicKey,
  roles: ["operator"],
  scopes: ["operator.admin"],
  silent: false,
};

describe("a client that tries again while its request is being approved", () => {
  it("waits for that, and its request is not rejected", async () => {
    const link = new FakeLink([PENDING]);
    const approver = approverOver(link);
    approver.refused({ conn: "conn-1" }, CONNECT, "r-1");
    let waits = true;

    const waited = approver
      .beforeConnect({ conn: "conn-2" }, CONNECT, FRAME, NONCE)
      ?.then(() => (waits = false));
    await new Promise((resolve) => setImmediate(resolve));
    expect(waits).toBe(true);
    link.approved();
    await waited;

    expect(waits).toBe(false);
    expect(link.rejected).toEqual([]);
  });

  it("waits half a second at most", async () => {
    const link = new FakeLink([PENDING]);
    const approver = approverOver(link);
    approver.refused({ conn: "conn-1" }, CONNECT, "r-1");
    const from = performance.now();

    await approver.beforeConnect({ conn: "conn-2" }, CONNECT, FRAME, NONCE);

    expect(performance.now() - from).toBeGreaterThan(450);
    expect(link.rejected).toEqual([]);
  });

  it("has its request rejected if nobody is approving it", async () => {
    const link = new FakeLink([PENDING]);

    await approverOver(link).beforeConnect({ conn: "conn-2" }, CONNECT, FRAME, NONCE);

    expect(link.rejected).toEqual(["r-1"]);
  });

  it("has no request rejected if its device has not signed: any client can name a device", async () => {
    const link = new FakeLink([PENDING]);

    await approverOver(link).beforeConnect({ conn: "conn-2" }, CONNECT, FRAME, "another nonce");

    expect(link.rejected).toEqual([]);
  });
});
