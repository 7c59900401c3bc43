import { isLoopbackName, reachableAt, reachableHost } from "../../net/authority.ts";
import type { Settings } from "../../settings/settings.ts";
import { askHealth, askOutcomes, type OutcomeRecord, type ShimHealth } from "../../status/shim-client.ts";

/** What a running shim reports, its last outcomes oldest first; or why nothing is known. */
export type ShimResponse =
  | (ShimHealth & { readonly outcomes: readonly OutcomeRecord[] })
  | { readonly problem: string };

/** The shim asks the gateway before it responds, for at most five seconds. */
const RESPONSE_MS = 8_000;

/** @param address `127.0.0.1:18788` or `[::1]:18788` */
export async function askShim(address: string): Promise<ShimResponse> {
  const answer = await askHealth(address, RESPONSE_MS);
  if ("failure" in answer) return { problem: `no response at ${address} (${answer.failure})` };
  if ("foreign" in answer) return { problem: `another program than openclaw-shim responds at ${address}` };
  return { ...answer.health, outcomes: await askOutcomes(address, RESPONSE_MS) };
}

/** Returns the address at which a tool on this machine reaches the shim. */
export function localAddress(listen: Settings["listen"]): string | undefined {
  const address = listen.find(({ host }) => isLoopbackName(reachableHost(host))) ?? listen[0];
  return address && reachableAt(address);
}

/** Returns the state of the gateway as the shim sees it, for people. */
export function gatewayText({ reachable, reason }: ShimHealth["gateway"]): string {
  return reachable ? "the gateway is reachable" : `the gateway is not reachable (${reason ?? "unknown"})`;
}
