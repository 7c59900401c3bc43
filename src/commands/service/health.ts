import { setTimeout as sleep } from "node:timers/promises";
import { askHealth, askOutcomes, type OutcomeRecord, type ShimHealth } from "../../status/shim-client.ts";
import { isLoopbackName, reachableAt, reachableHost } from "../../net/authority.ts";
import type { Settings } from "../../settings/settings.ts";

/** What the shim's own pages say. */
export interface Health extends ShimHealth {
  /** The last outcomes, oldest first, as the shim gave them. */
  readonly outcomes: readonly OutcomeRecord[];
}

/** A shim that answered, or why none did. */
export type Answer = { readonly health: Health } | { readonly why: string };

/** The shim asks the gateway before it answers, and gives up on that after five seconds. */
const ANSWER_MS = 8_000;
const RETRY_MS = 100;

/**
 * Asks a running shim how it is, and for its last outcomes.
 *
 * @param address `127.0.0.1:18788` or `[::1]:18788`
 */
export async function askShim(address: string): Promise<Answer> {
  const answer = await askHealth(address, ANSWER_MS);
  if ("failure" in answer) return { why: `no answer at ${address} (${answer.failure})` };
  if ("foreign" in answer) return { why: `something else than openclaw-shim answers at ${address}` };
  return { health: { ...answer.health, outcomes: await askOutcomes(address, ANSWER_MS) } };
}

/** The same, again and again until a shim answers or `ms` have passed. */
export async function awaitShim(address: string, ms: number): Promise<Answer> {
  const deadline = performance.now() + ms;
  for (;;) {
    const answer = await askShim(address);
    if ("health" in answer || performance.now() > deadline) return answer;
    await sleep(RETRY_MS);
  }
}

/** The address at which a tool on this machine reaches the shim. */
export function ownAddress(listen: Settings["listen"]): string {
  const own = listen.find(({ host }) => isLoopbackName(reachableHost(host))) ?? listen[0];
  return own === undefined ? "" : reachableAt(own);
}

/** The gateway as the shim sees it, for people. */
export function gatewayLine({ gateway }: Health): string {
  return gateway.reachable
    ? "the gateway is reachable"
    : `the gateway is not reachable (${gateway.reason ?? "unknown"})`;
}
