import { timingSafeEqual, createHash } from "node:crypto";
import type { ConnectParams } from "./connect-params.ts";
import type { Connection, Gateway } from "./gateway.ts";
import { isLoopback } from "./locality.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { AuthFailure } from "./refusal.ts";

/** How a client proved that it may speak to the gateway at all. */
export type AuthMethod = "token" | "device-token";

export type AuthResult =
  | { readonly ok: true; readonly method: AuthMethod }
  | { readonly ok: false; readonly failure: AuthFailure; readonly retryAfterMs?: number };

/** Checks `auth.token` against the gateway's, unless the client is locked out. OpenClaw `src/gateway/auth.ts`. */
export function checkSharedToken(
  gateway: Gateway,
  connection: Connection,
  params: ConnectParams,
): AuthResult {
  const limit = limiterOf(gateway, connection);
  const retryAfterMs = limit?.limiter.lockedFor(limit.key, Date.now()) ?? 0;
  if (retryAfterMs > 0) return { ok: false, failure: "rate_limited", retryAfterMs };
  const { token } = params.auth;
  if (token === undefined) return { ok: false, failure: "token_missing" };
  if (!sameSecret(token, gateway.token)) return { ok: false, failure: "token_mismatch" };
  limit?.limiter.reset(limit.key);
  return { ok: true, method: "token" };
}

/**
 * Falls back to a device token, once the device has proved its key: `auth.deviceToken`, else `auth.token`.
 * What fails here is counted.
 */
export function resolveAuth(
  gateway: Gateway,
  connection: Connection,
  params: ConnectParams,
  shared: AuthResult,
): AuthResult {
  if (shared.ok) return shared;
  const result = params.device ? checkDeviceToken(gateway, params, params.device.id, shared) : shared;
  const counted = !result.ok && result.failure !== "token_missing" && result.failure !== "rate_limited";
  if (counted) {
    const limit = limiterOf(gateway, connection);
    limit?.limiter.fail(limit.key, Date.now());
  }
  return result;
}

function checkDeviceToken(
  gateway: Gateway,
  params: ConnectParams,
  deviceId: string,
  shared: AuthResult,
): AuthResult {
  const { rules, store } = gateway;
  const explicit = rules.errorDetails === "request-id" ? undefined : params.auth.deviceToken;
  const candidate = explicit ?? params.auth.token;
  if (candidate === undefined) return shared;
  const checked = store.checkToken(deviceId, params.role, params.scopes, candidate);
  if (checked === "ok") return { ok: true, method: "device-token" };
  if (checked === "scope-mismatch" && rules.protocol === 4) return { ok: false, failure: "scope_mismatch" };
  // 2026.2 calls every such failure a device token's; later only one that was sent as one.
  const asDeviceToken = explicit !== undefined || rules.errorDetails === "request-id";
  return asDeviceToken ? { ok: false, failure: "device_token_mismatch" } : shared;
}

/** Direct clients of this machine are exempt; a page is not (gateway.md section 4). */
function limiterOf(
  gateway: Gateway,
  { origin, attribution }: Connection,
): { limiter: RateLimiter; key: string } | undefined {
  const address = attribution.clientIp ?? "unknown";
  if (origin && gateway.rules.browserLimit !== "none") {
    if (!isLoopback(address)) return { limiter: gateway.browserLimiter, key: address };
    const key =
      gateway.rules.browserLimit === "together" ? "browser" : `browser-origin:${origin.toLowerCase()}`;
    return { limiter: gateway.browserLimiter, key };
  }
  if (!gateway.limiter || isLoopback(address)) return undefined;
  return { limiter: gateway.limiter, key: address };
}

function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
