import { startGateway, type Gateway } from "../gateway.ts";
import { installOpenClaw } from "../openclaw.ts";
import { startShimProcess, type ShimProcess } from "../shim-process.ts";
import type { Namespace } from "./network.ts";
import { GATEWAY_PORT, openTopology, SHIM_PORT, type Topology } from "./topology.ts";

/** The host's address on its bridge, like 172.17.0.1 on Docker's. */
export const BRIDGE = "10.231.0.1";
/** The container's address on the bridge. */
export const CONTAINER = "10.231.0.2";
/** A second container's address on the bridge. */
export const NEIGHBOUR = "10.231.0.3";
/** A peer on another network of the host. */
export const UNTRUSTED = "10.231.1.2";

/**
 * A host with a gateway on loopback, a shim on loopback and on a bridge, and containers that can reach the bridge's
 * address.
 */
export interface DockerHost {
  readonly topology: Topology;
  readonly host: Namespace;
  readonly container: Namespace;
  readonly neighbour: Namespace;
  readonly untrusted: Namespace;
  readonly gateway: Gateway;
  readonly shim: ShimProcess;
  close(): Promise<void>;
}

/** Starts a host with the flags of docs/recipes.md. @throws Error if any part does not start */
export async function startDockerHost(version: string): Promise<DockerHost> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).toReversed()) await one();
  };
  try {
    const topology = await openTopology();
    closers.push(() => topology.close());
    const { network } = topology;
    const host = await network.namespace("host");
    const container = await network.namespace("container");
    const neighbour = await network.namespace("neighbour");
    const untrusted = await network.namespace("untrusted");
    await network.bridge(
      [host, `${BRIDGE}/24`],
      [
        [container, `${CONTAINER}/24`],
        [neighbour, `${NEIGHBOUR}/24`],
      ],
    );
    await network.bridge([host, "10.231.1.1/24"], [[untrusted, `${UNTRUSTED}/24`]]);
    const gateway = await startGateway(await installOpenClaw(version), {
      namespace: host.name,
      port: GATEWAY_PORT,
    });
    closers.push(() => gateway.close());
    const flags = ["--allow-from", "10.231.0.0/24"];
    const shim = await startShimProcess(`ws://127.0.0.1:${GATEWAY_PORT}`, flags, {
      listen: [`${BRIDGE}:${SHIM_PORT}`, `127.0.0.1:${SHIM_PORT}`],
      namespace: host.name,
    });
    closers.push(() => shim.close());
    await shim.event("gateway.up");
    return { topology, host, container, neighbour, untrusted, gateway, shim, close };
  } catch (error) {
    await close();
    throw error;
  }
}
