import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startGateway, type Gateway } from "../gateway.ts";
import { VERCEL_HEADERS, VERCEL_HOST } from "../vercel-proxy.ts";
import { installOpenClaw } from "../openclaw.ts";
import { chosenVersions } from "../releases.ts";
import { startShimProcess, type ShimProcess } from "../shim-process.ts";
import type { Namespace } from "./network.ts";
import { GATEWAY_PORT, openTopology, SHIM_PORT, type Topology } from "./topology.ts";

const GATEWAY = `ws://127.0.0.1:${GATEWAY_PORT}`;
const SERVICE = "10.231.0.2";

describe.each(chosenVersions())("openclaw %s with a sidecar in its network namespace", (version) => {
  let topology: Topology;
  let service: Namespace;
  let neighbour: Namespace;
  let gateway: Gateway;
  beforeAll(async () => {
    topology = await openTopology();
    const { network } = topology;
    const host = await network.namespace("host");
    service = await network.namespace("service");
    neighbour = await network.namespace("neighbour");
    await network.bridge(
      [host, "10.231.0.1/24"],
      [
        [service, `${SERVICE}/24`],
        [neighbour, "10.231.0.3/24"],
      ],
    );
    // As in a container: by default Docker does not enable IPv6.
    await service.ip("-6", "address", "flush", "dev", "lo");
    gateway = await startGateway(await installOpenClaw(version), {
      namespace: service.name,
      port: GATEWAY_PORT,
    });
  });
  afterAll(async () => {
    await gateway?.close();
    await topology?.close();
  });

  const startShim = async (listen: string[], args: string[] = []): Promise<ShimProcess> => {
    const shim = await startShimProcess(GATEWAY, args, { listen, namespace: service.name });
    onTestFinished(() => shim.close());
    return shim;
  };

  const connectThroughProxy = async (port: number): Promise<unknown> => {
    const target = { host: "127.0.0.1", port };
    const url = await topology.tools.injectingProxy(service, {
      target,
      host: VERCEL_HOST,
      headers: VERCEL_HEADERS,
    });
    return topology.tools.connect(service, { url, token: gateway.token });
  };

  it("pairs a client behind a header-injecting proxy only through the shim, with its default settings", async () => {
    expect(await connectThroughProxy(GATEWAY_PORT)).toMatchObject({ ok: false });

    const shim = await startShim([]);
    expect(await shim.event("listening")).toMatchObject({ addresses: [`127.0.0.1:${SHIM_PORT}`] });
    expect(await connectThroughProxy(SHIM_PORT)).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({
      outcome: "connected",
      peer: "127.0.0.1",
      normalized: { host: { from: VERCEL_HOST, to: `127.0.0.1:${GATEWAY_PORT}` } },
      publicForwarded: true,
    });
  });

  it("is unreachable for neighbours, like the shim with its default settings", async () => {
    await startShim([]);
    for (const port of [GATEWAY_PORT, SHIM_PORT]) {
      const url = `ws://${SERVICE}:${port}`;
      const failure = expect.stringContaining("ECONNREFUSED");
      expect(await topology.tools.connect(neighbour, { url })).toMatchObject({ ok: false, failure });
    }
  });

  it("pairs a neighbour if the shim listens on every address and allows its network", async () => {
    const shim = await startShim([`0.0.0.0:${SHIM_PORT}`], ["--allow-from", "10.231.0.0/24"]);

    const result = await topology.tools.connect(neighbour, {
      url: `ws://${SERVICE}:${SHIM_PORT}`,
      token: gateway.token,
      headers: { Host: `openclaw-gateway:${SHIM_PORT}` },
    });

    expect(result).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({ outcome: "connected", peer: "10.231.0.3" });
  });
});
