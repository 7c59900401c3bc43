import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { Approver } from "../../src/approve/approver.ts";
import { OperatorLink } from "../../src/approve/operator-link.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { ConnectRequest, PendingRequest } from "../../src/openclaw/protocol.ts";
import { GatewayAgent } from "../../src/upstream/dial.ts";

const { id: deviceId, publicKey } = createDevice();
const CONNECT: ConnectRequest = {
  id: "1",
  client: { id: "cli", mode: "cli", version: "1", platform: "linux" },
  deviceId,
  publicKey,
  role: "operator",
  scopes: ["operator.admin"],
  auth: ["token"],
};
const PENDING: PendingRequest = {
  requestId: "r-1",
  deviceId,
  publicKey,
  roles: ["operator"],
  scopes: ["operator.admin"],
  silent: false,
};
const BOUNDS = { roles: ["operator"], scopes: ["operator.admin"] };
const agent = new GatewayAgent({ dial: () => () => {} });

/** A link to a gateway that takes its time to approve. */
class SlowLink extends OperatorLink {
  readonly rejected: string[] = [];
  approved: () => void = () => {};

  constructor() {
    super({ url: "ws://127.0.0.1:1", agent, device: createDevice(), token: undefined });
  }
  override get up(): boolean {
    return true;
  }
  override open(): void {}
  override pendingOf(): PendingRequest[] {
    return [PENDING];
  }
  override list(): Promise<PendingRequest[]> {
    return Promise.resolve([PENDING]);
  }
  override decide(decision: string, requestId: string): Promise<void> {
    if (decision === "reject") {
      this.rejected.push(requestId);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.approved = resolve;
    });
  }
}

const approverOver = (link: SlowLink): Approver => new Approver(link, BOUNDS, pino({ level: "silent" }));

describe("a client that tries again while its request is being approved", () => {
  it("waits for that, and its request is not rejected", async () => {
    const link = new SlowLink();
    const approver = approverOver(link);
    approver.refused("conn-1", CONNECT, "r-1");
    let waits = true;

    const waited = approver.beforeConnect("conn-2", CONNECT, () => true)?.then(() => (waits = false));
    await new Promise((resolve) => setImmediate(resolve));
    expect(waits).toBe(true);
    link.approved();
    await waited;

    expect(waits).toBe(false);
    expect(link.rejected).toEqual([]);
  });

  it("waits half a second at most", async () => {
    const link = new SlowLink();
    const approver = approverOver(link);
    approver.refused("conn-1", CONNECT, "r-1");
    const from = performance.now();

    await approver.beforeConnect("conn-2", CONNECT, () => true);

    expect(performance.now() - from).toBeGreaterThan(450);
    expect(link.rejected).toEqual([]);
  });

  it("has its request rejected if nobody is approving it", async () => {
    const link = new SlowLink();

    await approverOver(link).beforeConnect("conn-2", CONNECT, () => true);

    expect(link.rejected).toEqual(["r-1"]);
  });

  it("has no request rejected if its device has not signed: any client can name a device", async () => {
    const link = new SlowLink();

    await approverOver(link).beforeConnect("conn-2", CONNECT, () => false);

    expect(link.rejected).toEqual([]);
  });
});
