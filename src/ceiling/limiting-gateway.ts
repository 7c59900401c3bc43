import { httpGet } from "../net/http-get.ts";
import { readErrorType } from "../openclaw/protocol.ts";
import type { GatewayAddress } from "../settings/settings.ts";
import type { Dialer } from "../upstream/dial.ts";
import { GatewayAgent } from "../upstream/gateway-agent.ts";

/** The `connect` of a client waits for the response, and a gateway gives it 10 s. */
const DEADLINE_MS = 2_000;
/** Limit of the response in UTF-16 units: the gateway's is shorter. */
const MAX_BODY = 4 * 1024;

/**
 * Asks the gateway if it limits a connection to `x-openclaw-scopes`. Nothing says so without a credential, but the same
 * releases, 2026.8.1 and later, refuse a forwarding field from loopback on every route, whatever `trustedProxies` is
 * (docs/gateway.md sections 1 and 8).
 *
 * @returns false also if it does not respond in time, or not as such a release
 */
export async function isLimitingScopes({ authority }: GatewayAddress, dialer: Dialer): Promise<boolean> {
  const headers = { Host: authority, "User-Agent": "openclaw-shim", "X-Forwarded-Proto": "http" };
  const options = { agent: new GatewayAgent(dialer), headers };
  const signal = AbortSignal.timeout(DEADLINE_MS);
  // http: the dialer does the TLS.
  const { status, body = "" } = await httpGet(`http://${authority}/api`, options, MAX_BODY, signal);
  return status === 403 && readErrorType(body) === "proxy_attribution_required";
}
