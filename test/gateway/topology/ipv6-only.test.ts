import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startGateway, type Gateway } from "../gateway.ts";
import { installOpenClaw } from "../openclaw.ts";
import { chosenVersions } from "../releases.ts";
import { startShimProcess, type ShimProcess } from "../shim-process.ts";
import type { Namespace } from "./network.ts";
import { GATEWAY_PORT, openTopology, SHIM_PORT, type Topology } from "./topology.ts";

const GATEWAY = `ws://[::1]:${GATEWAY_PORT}`;
const HEADERS = { "X-Forwarded-For": "203.0.113.7" };

// OpenClaw 2026.9.6 does not start without 127.0.0.1 (EADDRNOTAVAIL; with bind lan or auto it listens only on 0.0.0.0).
// With both addresses it also listens on ::1: the test removes the IPv4 address after the gateway has started.
describe.each(chosenVersions())("openclaw %s on a loopback without IPv4", (version) => {
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

  it("pairs a client over ::1 through the shim that it refuses without the shim", async () => {
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

  it("is unreachable at the default --gateway, and the fix names the IPv6 URL", async () => {
    const shim = await startShim(`ws://127.0.0.1:${GATEWAY_PORT}`, ["--hold", "0"]);
    expect(await topology.tools.connect(machine, { url: shim.url })).toMatchObject({
      ok: false,
      http: { status: 502, body: expect.stringContaining("ws://[::1]:PORT") },
    });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "gateway-unreachable", reason: "ENETUNREACH" });
    expect(outcome.fix).toContain("ws://[::1]:PORT");
  });

  it("prevents the shim's default --listen, with an error that names the address", async () => {
    const start = startShimProcess(GATEWAY, [], { listen: [], namespace: machine.name });
    await expect(start).rejects.toThrow(/EADDRNOTAVAIL.* 127\.0\.0\.1:18788; .*choose another --listen/);
  });
});
