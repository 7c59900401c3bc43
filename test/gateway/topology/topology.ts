import { createNetwork, type Network } from "./network.ts";
import { makeTools, type Tools } from "./tools.ts";

/** The default ports of gateway and shim; they are free in a new namespace. */
export const GATEWAY_PORT = 18_789;
export const SHIM_PORT = 18_788;

/** A network and the test programs in it. */
export interface Topology {
  readonly network: Network;
  readonly tools: Tools;
  /** Ends the programs and removes the namespaces. Close gateways and shims before. */
  close(): Promise<void>;
}

/** Creates a topology. @throws Error if network namespaces are not available */
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
