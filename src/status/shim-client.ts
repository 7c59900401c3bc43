import { isRecord } from "../text/json.ts";
import { printable } from "../text/printable.ts";
import { httpGet } from "../net/http-get.ts";

/** What a running shim says of itself (`/__shim__/health`). All texts are printable. */
export interface ShimHealth {
  readonly version: string;
  readonly gateway: {
    readonly reachable: boolean;
    /** When that began, in ISO 8601. */
    readonly since?: string;
    /** Why it is not reachable. */
    readonly reason?: string;
  };
}

/** Who answers where a shim would listen. */
export type HealthAnswer =
  | { readonly health: ShimHealth }
  /** Nothing was answered: a system error's code, or `no answer`. */
  | { readonly failure: string }
  /** What was answered is not a shim's. */
  | { readonly foreign: string };

/** An outcome as the shim gave it. */
export type OutcomeRecord = Readonly<Record<string, unknown>>;

/**
 * Asks a running shim how it is.
 *
 * @param authority `127.0.0.1:18788` or `[::1]:18788`
 */
export async function askHealth(authority: string, timeoutMs: number): Promise<HealthAnswer> {
  const answer = await ask(authority, "/health", timeoutMs);
  if ("failure" in answer) return { failure: printable(answer.failure, 80) };
  const health = parse(answer.body);
  const { version, gateway } = isRecord(health) ? health : {};
  if (typeof version !== "string" || !isRecord(gateway) || typeof gateway["reachable"] !== "boolean") {
    return { foreign: `HTTP ${answer.status}` };
  }
  const { reachable, since, reason } = gateway;
  return {
    health: {
      version: printable(version, 40),
      gateway: {
        reachable,
        ...(typeof since === "string" && { since: printable(since, 40) }),
        ...(typeof reason === "string" && { reason: printable(reason, 80) }),
      },
    },
  };
}

/** Asks a running shim for its last outcomes, oldest first; none where it does not tell. */
export async function askOutcomes(authority: string, timeoutMs: number): Promise<readonly OutcomeRecord[]> {
  const answer = await ask(authority, "/outcomes", timeoutMs);
  const list = "failure" in answer ? undefined : parse(answer.body);
  return Array.isArray(list) ? list.filter((item: unknown) => isRecord(item)) : [];
}

/** A shim answers that page at once, from memory; whoever is not there by then is not told for a shim. */
const IS_SHIM_MS = 1_000;

/**
 * Asks whether an openclaw-shim listens there, by a page that it answers without asking its own gateway first. A
 * gateway answers it with something else, and whoever gives no answer in time is none.
 *
 * @param authority `127.0.0.1:18789` or `[::1]:18789`
 */
export async function isShim(authority: string, timeoutMs: number = IS_SHIM_MS): Promise<boolean> {
  const answer = await ask(authority, "/metrics", timeoutMs);
  return "body" in answer && answer.status === 200 && /^openclaw_shim_connections /m.test(answer.body);
}

// The pages are for loopback names alone; the address may be another of this machine's.
function ask(authority: string, page: string, timeoutMs: number): ReturnType<typeof httpGet> {
  const host = `127.0.0.1:${authority.slice(authority.lastIndexOf(":") + 1)}`;
  return httpGet(new URL(`http://${authority}/__shim__${page}`), { host }, timeoutMs);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
