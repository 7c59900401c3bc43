import { setTimeout as sleep } from "node:timers/promises";
import { withAdvice } from "../../text/advice.ts";
import { isLoopbackName, reachableAt, reachableHost } from "../../net/authority.ts";
import type { Settings } from "../../settings/settings.ts";
import { askHealth, askOutcomes, type ShimHealth } from "../../status/shim-client.ts";

/** The shim asks the gateway before it responds, for at most 1.5 s. */
const RESPONSE_MS = 8_000;
/** From the start of a service to its first response, on a busy machine. */
const START_MS = 15_000;
const CHECK_MS = 100;

/** Asks a shim for its state and its last outcomes, newest first; `problem` is why nothing is known. */
export async function askShim(address: string) {
  const response = await askHealth(address, RESPONSE_MS);
  if ("failure" in response) return { address, problem: `no response at ${address} (${response.failure})` };
  if ("foreign" in response)
    return { address, problem: `another program than openclaw-shim responds at ${address}` };
  return { address, ...response.health, outcomes: (await askOutcomes(address, RESPONSE_MS)).toReversed() };
}

/** Returns the address at which a tool on this machine reaches the shim. */
export function localAddress(listen: Settings["listen"]): string | undefined {
  const address = listen.find(({ host }) => isLoopbackName(reachableHost(host))) ?? listen[0];
  return address && reachableAt(address);
}

/** Returns the state of the gateway as the shim sees it, for people. */
export function gatewayText({ reachable, reason }: ShimHealth["gateway"]): string {
  return reachable ? "the gateway is up" : `the gateway is not up (${reason ?? "unknown"})`;
}

/** Waits until a service responds. @param command prints its log @throws Error if it does not */
export async function firstResponse(address: string, command: string): Promise<string> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const shim = await askShim(address);
    if (shim.problem === undefined)
      return `openclaw-shim responds at ${address}; ${gatewayText(shim.gateway)}`;
    const text = `the service is installed but does not run: ${shim.problem}`;
    if (performance.now() > deadline)
      throw new Error(withAdvice(text, { fix: "its log has the reason", command }));
    await sleep(CHECK_MS);
  }
}
