import { httpGet } from "../net/http-get.ts";
import { fieldsOf, isRecord, parseJson } from "../text/json.ts";
import { printable } from "../text/printable.ts";

/** Limit of a response in UTF-16 units: enough for the last 200 outcomes. */
const MAX_BODY = 1024 * 1024;

/** The health of a running shim (`/__shim__/health`). Its texts are printable. */
export type ShimHealth = Extract<
  Awaited<ReturnType<typeof askHealth>>,
  { readonly health: object }
>["health"];

/** An outcome as the shim returned it. */
export type OutcomeRecord = Readonly<Record<string, unknown>>;

/**
 * Asks a running shim for its health.
 *
 * @param authority `127.0.0.1:18788` or `[::1]:18788`
 * @returns without a response, `failure`: a system error's code or `no response`; `foreign`, if another program responds.
 *   `since` is when the gateway's state was first seen, in ISO 8601, `reason` an error code
 */
export async function askHealth(authority: string, timeoutMs: number) {
  const { failure, status, body } = await get(authority, "/health", timeoutMs);
  if (failure !== undefined) return { failure: printable(failure, 80) };
  const { version, gateway } = fieldsOf(parseJson(body));
  const { reachable, since, reason, fix } = fieldsOf(gateway);
  if (typeof version !== "string" || typeof reachable !== "boolean") {
    return { foreign: `HTTP ${status}` };
  }
  const gatewayState = { reachable, since: textOf(since), reason: textOf(reason), fix: textOf(fix, 400) };
  return { health: { version: printable(version, 40), gateway: gatewayState } };
}

/** Asks a running shim for its last outcomes, oldest first. Returns none if there is no response. */
export async function askOutcomes(authority: string, timeoutMs: number): Promise<readonly OutcomeRecord[]> {
  const { body } = await get(authority, "/outcomes", timeoutMs);
  const list = parseJson(body);
  return Array.isArray(list) ? list.filter((item: unknown) => isRecord(item)) : [];
}

/**
 * Returns true if a shim listens at `authority`. It asks for the outcomes: the shim sends them without a request to its
 * gateway, and a gateway has no such list.
 */
export async function isShim(authority: string, timeoutMs = 1_000): Promise<boolean> {
  const { status, body } = await get(authority, "/outcomes", timeoutMs);
  return status === 200 && Array.isArray(parseJson(body));
}

/**
 * Requests one status page. They require a loopback name as Host; `authority` may be another address of this machine.
 *
 * @param timeoutMs deadline for the whole exchange
 * @returns the response, as far as it was sent, or a system error's code or `no response`
 */
async function get(authority: string, page: string, timeoutMs: number) {
  const headers = { host: `127.0.0.1:${authority.slice(authority.lastIndexOf(":") + 1)}` };
  const signal = AbortSignal.timeout(timeoutMs);
  const url = `http://${authority}/__shim__${page}`;
  const { failure, status, body = "" } = await httpGet(url, { headers, agent: false }, MAX_BODY, signal);
  return { failure: signal.aborted ? "no response" : failure?.code, status, body };
}

function textOf(value: unknown, limit = 80): string | undefined {
  return typeof value === "string" ? printable(value, limit) : undefined;
}
