import { setTimeout as sleep } from "node:timers/promises";
import { isLoopbackName } from "../gate/host.ts";
import { isRecord } from "../json.ts";
import { httpGet } from "../doctor/http-get.ts";
import { reachableAt } from "../doctor/running-shim.ts";
import { reachableHost } from "../settings/addresses.ts";
import type { Settings } from "../settings/settings.ts";

/** What the shim's own pages say (`/__shim__/health`, `/__shim__/outcomes`). */
export interface Health {
  readonly version: string;
  readonly gateway: { readonly reachable: boolean; readonly since?: string; readonly reason?: string };
  /** The last outcomes, oldest first, as the shim gave them. */
  readonly outcomes: readonly Readonly<Record<string, unknown>>[];
}

/** A shim that answered, or why none did. */
export type Answer = { readonly health: Health } | { readonly why: string };

/** The shim asks the gateway before it answers, and gives up on that after five seconds. */
const ANSWER_MS = 8_000;
const RETRY_MS = 100;

/**
 * Asks a running shim how it is.
 *
 * @param address `127.0.0.1:18788` or `[::1]:18788`
 */
export async function askHealth(address: string): Promise<Answer> {
  try {
    const health = await fetchJson(address, "/__shim__/health");
    const outcomes = await fetchJson(address, "/__shim__/outcomes");
    if (!isRecord(health) || !isRecord(health["gateway"]) || !Array.isArray(outcomes))
      return foreign(address);
    const { reachable, since, reason } = health["gateway"];
    if (typeof reachable !== "boolean") return foreign(address);
    return {
      health: {
        version: String(health["version"]),
        gateway: {
          reachable,
          ...(typeof since === "string" && { since }),
          ...(typeof reason === "string" && { reason }),
        },
        outcomes: outcomes.filter((outcome: unknown) => isRecord(outcome)),
      },
    };
  } catch (error) {
    if (error instanceof SyntaxError || !(error instanceof Error)) return foreign(address);
    return { why: `no answer at ${address} (${error.message})` };
  }
}

/** The same, again and again until a shim answers or `ms` have passed. */
export async function awaitHealth(address: string, ms: number): Promise<Answer> {
  const deadline = performance.now() + ms;
  for (;;) {
    const answer = await askHealth(address);
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

function foreign(address: string): Answer {
  return { why: `something else than openclaw-shim answers at ${address}` };
}

/** @throws SyntaxError where what answers does not answer in JSON, Error where nothing does */
async function fetchJson(address: string, path: string): Promise<unknown> {
  // The pages are for loopback names alone; the address may be another of this machine's.
  const host = `127.0.0.1:${address.slice(address.lastIndexOf(":") + 1)}`;
  const answer = await httpGet(new URL(`http://${address}${path}`), { host }, ANSWER_MS);
  if ("failure" in answer) throw new Error(answer.failure);
  return JSON.parse(answer.body);
}
