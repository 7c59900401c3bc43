import { createNetwork, type Network } from "./network.ts";
import { makeTools, type Tools } from "./tools.ts";

/** Where OpenClaw's gateway and the shim listen by default: in a namespace of its own nobody else does. */
export const GATEWAY_PORT = 18_789;
export const SHIM_PORT = 18_788;

/** A network, and what tests run in it. */
export interface Topology {
  readonly network: Network;
  readonly tools: Tools;
  /** Ends the tools and removes the namespaces; gateways and shims have to be closed before. */
  close(): Promise<void>;
}

/** @throws Error where this machine or user cannot have network namespaces */
export async function openTopology(): Promise<Topology> {
  const network = await createNetwork();
  const tools = await makeTools();
  return {
    network,
    tools,
    async close() {
      await tools.remove();
      await network.remove();
    },
  };
}
