import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopbackAddress } from "../../src/net/ip-address.ts";
import type { ConnectParams } from "./connect-params.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { AuthFailure } from "./refusal.ts";
import type { Connection, Gateway } from "./server.ts";

/** The credential by which a client authenticated. */
export type AuthMethod = "token" | "device-token" | "trusted-proxy";

export type AuthResult =
  | { readonly ok: true; readonly method: AuthMethod }
  | { readonly ok: false; readonly failure: AuthFailure; readonly retryAfterMs?: number };

/** Failures of one client. Those of the shared token and of device tokens are counted separately. */
interface Limit {
  /** Returns the refusal of a client that is locked out, else undefined. */
  lockout(scope: Scope): AuthResult | undefined;
  fail(scope: Scope): void;
  reset(scope: Scope): void;
}

type Scope = "shared-secret" | "device-token";

/**
 * Compares `auth.token` with the gateway's, unless the client is locked out; with trusted-proxy authentication requires
 * a user instead. OpenClaw `src/gateway/auth.ts`.
 */
export function checkSharedToken(
  gateway: Gateway,
  connection: Connection,
  params: ConnectParams,
): AuthResult {
  if (gateway.userHeader !== undefined) {
    if (connection.user) return { ok: true, method: "trusted-proxy" };
    return { ok: false, failure: "trusted_proxy_user_missing" };
  }
  const { countsToken } = gateway.behavior;
  const limit = limitOf(gateway, connection);
  const { token } = params.auth;
  const maybeDevice = deviceCredential(params) !== undefined;
  // If the token may be a device token, old releases check the lockout only after the token was right.
  const checksLate = countsToken === "without-device" && maybeDevice;
  const lockout = limit?.lockout("shared-secret");
  if (lockout && !checksLate && (countsToken === "without-device" || token !== undefined)) return lockout;
  if (token === undefined) return { ok: false, failure: "token_missing" };
  if (!sameSecret(token, gateway.token)) {
    if (countsToken === "always" || !maybeDevice) limit?.fail("shared-secret");
    return { ok: false, failure: "token_mismatch" };
  }
  if (lockout) return lockout;
  limit?.reset("shared-secret");
  return { ok: true, method: "token" };
}

/**
 * Tries the device token if the shared token was wrong: `auth.deviceToken`, else `auth.token`. The device's signature
 * has been checked. OpenClaw `auth-context.ts`.
 */
export function resolveAuth(
  gateway: Gateway,
  connection: Connection,
  params: ConnectParams,
  shared: AuthResult,
): AuthResult {
  const credential = deviceCredential(params);
  if (shared.ok || !credential) return shared;
  const { countsToken } = gateway.behavior;
  const limit = limitOf(gateway, connection);
  const isLockedOut = shared.failure === "rate_limited";
  const lockout = isLockedOut && countsToken === "without-device" ? shared : limit?.lockout("device-token");
  const result = lockout ?? checkDeviceToken(gateway, params, credential, shared);
  if (result.ok) {
    limit?.reset("device-token");
    if (countsToken === "always" && params.auth.token !== undefined) limit?.reset("shared-secret");
    return result;
  }
  if (!lockout) limit?.fail("device-token");
  const wasWrong = shared.failure === "token_mismatch";
  if (countsToken === "unless-device-token" && wasWrong) limit?.fail("shared-secret");
  return result;
}

/** A token that may be the device's. */
interface DeviceCredential {
  readonly deviceId: string;
  readonly token: string;
  /** True if it was sent as `auth.deviceToken`. */
  readonly isExplicit: boolean;
}

function deviceCredential({ device, auth }: ConnectParams): DeviceCredential | undefined {
  const token = auth.deviceToken ?? auth.token;
  if (!device || token === undefined) return undefined;
  return { deviceId: device.id, token, isExplicit: auth.deviceToken !== undefined };
}

function checkDeviceToken(
  { behavior, store }: Gateway,
  { role, scopes }: ConnectParams,
  { deviceId, token, isExplicit }: DeviceCredential,
  shared: AuthResult,
): AuthResult {
  const checked = store.checkToken(deviceId, role, scopes, token);
  if (checked === "ok") return { ok: true, method: "device-token" };
  if (checked === "scope-mismatch" && behavior.protocol === 4)
    return { ok: false, failure: "scope_mismatch" };
  // 2026.2 names every such failure a device token's; later releases only that of an `auth.deviceToken`.
  const isDevices = isExplicit || behavior.errorDetails === "request-id";
  return isDevices ? { ok: false, failure: "device_token_mismatch" } : shared;
}

/** Failures of pages are counted separately from those of other clients (docs/gateway.md section 4). */
function limitOf(gateway: Gateway, { origin, attribution }: Connection): Limit | undefined {
  const { behavior, limiter, browserLimiter } = gateway;
  const address = attribution.clientIp ?? "unknown";
  if (!origin || behavior.browserLimit === "none") {
    return limiter && !limiter.exempts(address) ? limitBy(limiter, address) : undefined;
  }
  if (!isLoopbackAddress(address)) return limitBy(browserLimiter, address);
  const key = behavior.browserLimit === "together" ? "browser" : `browser-origin:${origin.toLowerCase()}`;
  return limitBy(browserLimiter, key);
}

function limitBy(limiter: RateLimiter, key: string): Limit {
  return {
    lockout(scope) {
      const retryAfterMs = limiter.lockedFor(`${scope}:${key}`, Date.now());
      return retryAfterMs > 0 ? { ok: false, failure: "rate_limited", retryAfterMs } : undefined;
    },
    fail: (scope) => limiter.fail(`${scope}:${key}`, Date.now()),
    reset: (scope) => limiter.reset(`${scope}:${key}`),
  };
}

function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
