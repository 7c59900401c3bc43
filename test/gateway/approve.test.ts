import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { InjectingProxy } from "../support/header-injecting-proxy.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { startVercelProxy } from "./vercel-proxy.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess, type ShimProcess } from "./shim-process.ts";

const NOT_IN_BOUNDS = "role node is not in --approve-roles";

describe.each(chosenVersions())("openclaw %s behind a shim with --approve seen", (version) => {
  let gateway: Gateway;
  let shim: ShimProcess;
  let proxy: InjectingProxy;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version));
    const tokenFile = join(gateway.home.path, "token");
    await writeFile(tokenFile, gateway.token, { mode: 0o600 });
    shim = await startShimProcess(gateway.url, ["--approve", "seen", "--token-file", tokenFile]);
    await shim.event("approver.up");
    proxy = await startVercelProxy(gateway.port);
  });
  afterAll(async () => {
    await proxy?.close();
    await shim?.close();
    await gateway?.close();
  });

  const connect = (url: string, options: Partial<HandshakeOptions>): Promise<HandshakeResult> =>
    handshake({ url, token: gateway.token, ...options });

  /** Creates a stale pending request of a device, then connects it through the shim until it is accepted. */
  const connectStale = async (): Promise<{ deviceId: string; stale: boolean; attempts: number }> => {
    const device = createDevice();
    // Creates a pending request that is not silent. Since 2026.8 the gateway refuses such a proxy before pairing.
    const { ok: local } =
      version === "2026.9.6"
        ? await connect(gateway.url, { device, origin: "http://127.0.0.1:1" })
        : await connect(proxy.url, { device });
    let attempts = 1;
    while (attempts < 5 && !(await connect(shim.url, { device })).ok) attempts += 1;
    return { deviceId: device.id, stale: !local, attempts };
  };

  it("lets a device with a stale request connect at its first attempt", async () => {
    const { deviceId, stale, attempts } = await connectStale();

    expect({ stale, attempts }).toEqual({ stale: true, attempts: 1 });
    expect(await shim.event("rejected", deviceId)).toMatchObject({ deviceId });
  });

  it.each([
    ["operator.read", ["operator.read"], ["operator.admin"]],
    // The scopes that `gateway install` approves (OpenClaw #21655).
    [
      "operator.admin, operator.approvals and operator.pairing",
      ["operator.admin", "operator.approvals", "operator.pairing"],
      ["operator.write"],
    ],
  ])(
    "approves further scopes of a device with %s, by its second attempt",
    async (_what, approvedScopes, requestedScopes) => {
      const device = createDevice();
      expect(await connect(shim.url, { device, scopes: approvedScopes })).toMatchObject({ ok: true });

      // Some releases do not refuse: the scopes are covered by others, or granted to local clients.
      const first = await connect(shim.url, { device, scopes: requestedScopes });
      const approved = first.ok ? { scopes: requestedScopes } : await shim.event("approved", device.id);
      expect(approved).toMatchObject({ scopes: requestedScopes });
      expect(await connect(shim.url, { device, scopes: requestedScopes })).toMatchObject({ ok: true });
    },
  );

  it("does not approve a node, which is outside of its bounds", async () => {
    const device = createDevice();
    await connect(shim.url, { device });
    const node = { role: "node", scopes: [], client: { id: "node-host", mode: "node" } };
    const result = await connect(shim.url, { device, ...node });
    // Some releases pair a local node silently.
    const line = result.ok ? { reason: NOT_IN_BOUNDS } : await shim.event("not-approved", device.id);
    expect(line).toMatchObject({ reason: NOT_IN_BOUNDS });
  });

  it("continues after the gateway was killed and restarted", { timeout: 300_000 }, async () => {
    await gateway.kill();
    await shim.event("approver.down");
    await gateway.restart();
    await shim.event("approver.up", "", 1);

    const { deviceId, stale, attempts } = await connectStale();

    expect(stale).toBe(true);
    // A gateway that has just started may need longer than the shim's hold time.
    expect(attempts).toBeLessThanOrEqual(2);
    expect(await shim.event("rejected", deviceId)).toMatchObject({ deviceId });
  });

  it("never logs the token", () => {
    expect(shim.log.join("\n")).not.toContain(gateway.token);
  });
});
