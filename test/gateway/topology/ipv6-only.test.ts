import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startGateway, type Gateway } from "../gateway.ts";
import { installOpenClaw } from "../openclaw.ts";
import { chosenVersions } from "../releases.ts";
import { startShimProcess, type ShimProcess } from "../shim-process.ts";
import type { Namespace } from "./network.ts";
import { GATEWAY_PORT, openTopology, SHIM_PORT, type Topology } from "./topology.ts";

const GATEWAY = `ws://[::1]:${GATEWAY_PORT}`;
const HEADERS = { "X-Forwarded-For": "203.0.113.7" };

// OpenClaw 2026.9.6 does not start without 127.0.0.1 (EADDRNOTAVAIL; with bind lan or auto it listens on 0.0.0.0
// alone). It listens on ::1 too where it has both: so the IPv4 address goes when the gateway is up.
describe.each(chosenVersions())("openclaw %s where the loopback has lost its IPv4 address", (version) => {
  let topology: Topology;
  let machine: Namespace;
  let gateway: Gateway;
  beforeAll(async () => {
    topology = await openTopology();
    machine = await topology.network.namespace("machine");
    gateway = await startGateway(await installOpenClaw(version), {
      namespace: machine.name,
      port: GATEWAY_PORT,
    });
    await machine.ip("-4", "address", "flush", "dev", "lo");
  });
  afterAll(async () => {
    await gateway?.close();
    await topology?.close();
  });

  const startShim = async (url: string, args: string[] = []): Promise<ShimProcess> => {
    const listen = [`[::1]:${SHIM_PORT}`];
    const shim = await startShimProcess(url, args, { listen, namespace: machine.name });
    onTestFinished(() => shim.close());
    return shim;
  };

  it("pairs over ::1 through the shim what it refuses without", async () => {
    const { tools } = topology;
    const { token } = gateway;
    expect(await tools.connect(machine, { url: GATEWAY, token, headers: HEADERS })).toMatchObject({
      ok: false,
    });

    const shim = await startShim(GATEWAY);
    expect(await tools.connect(machine, { url: shim.url, token, headers: HEADERS })).toMatchObject({
      ok: true,
    });
    expect(await shim.outcome()).toMatchObject({
      outcome: "connected",
      peer: "::1",
      normalized: { host: { from: `[::1]:${SHIM_PORT}`, to: `[::1]:${GATEWAY_PORT}` } },
    });
    expect(await tools.get(machine, `http://[::1]:${SHIM_PORT}/health`)).toMatchObject({ status: 200 });
  });

  it("is out of reach at the default --gateway, and the fix says why", async () => {
    const shim = await startShim(`ws://127.0.0.1:${GATEWAY_PORT}`, ["--hold", "0"]);
    expect(await topology.tools.connect(machine, { url: shim.url })).toMatchObject({
      ok: false,
      http: { status: 502, body: expect.stringContaining("ws://[::1]:PORT") },
    });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "gateway-unreachable", reason: "ENETUNREACH" });
    expect(outcome.fix).toContain("ws://[::1]:PORT");
  });

  it("keeps a shim from its default --listen, which says so", async () => {
    const start = startShimProcess(GATEWAY, [], { listen: [], namespace: machine.name });
    await expect(start).rejects.toThrow(/EADDRNOTAVAIL.* 127\.0\.0\.1:18788; .*choose another --listen/);
  });
});
