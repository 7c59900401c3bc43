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

/** Failures of one client. The gateway's token and device tokens are counted apart. */
interface Limit {
  /** @returns what a client that is locked out is told, or undefined when it is not */
  lockout(scope: Scope): AuthResult | undefined;
  fail(scope: Scope): void;
  reset(scope: Scope): void;
}

type Scope = "shared-secret" | "device-token";

/** Checks `auth.token` against the gateway's, unless the client is locked out. OpenClaw `src/gateway/auth.ts`. */
export function checkSharedToken(
  gateway: Gateway,
  connection: Connection,
  params: ConnectParams,
): AuthResult {
  const { countsToken } = gateway.rules;
  const limit = limitOf(gateway, connection);
  const { token } = params.auth;
  const mayBeDevices = deviceCredential(params) !== undefined;
  // Where the token may be a device's, the oldest only look at the gateway's lockout once it has turned out right.
  const looksLate = countsToken === "without-device" && mayBeDevices;
  const lockout = limit?.lockout("shared-secret");
  if (lockout && !looksLate && (countsToken === "without-device" || token !== undefined)) return lockout;
  if (token === undefined) return { ok: false, failure: "token_missing" };
  if (!sameSecret(token, gateway.token)) {
    if (countsToken === "always" || !mayBeDevices) limit?.fail("shared-secret");
    return { ok: false, failure: "token_mismatch" };
  }
  if (lockout) return lockout;
  limit?.reset("shared-secret");
  return { ok: true, method: "token" };
}

/**
 * Falls back to a device token, once the device has proved its key: `auth.deviceToken`, else `auth.token`.
 * OpenClaw `auth-context.ts`.
 */
export function resolveAuth(
  gateway: Gateway,
  connection: Connection,
  params: ConnectParams,
  shared: AuthResult,
): AuthResult {
  const credential = deviceCredential(params);
  if (shared.ok || !credential) return shared;
  const { countsToken } = gateway.rules;
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

/** What may be a device's token. */
interface DeviceCredential {
  readonly deviceId: string;
  readonly token: string;
  /** It came as `auth.deviceToken`. */
  readonly isExplicit: boolean;
}

function deviceCredential({ device, auth }: ConnectParams): DeviceCredential | undefined {
  const token = auth.deviceToken ?? auth.token;
  if (!device || token === undefined) return undefined;
  return { deviceId: device.id, token, isExplicit: auth.deviceToken !== undefined };
}

function checkDeviceToken(
  { rules, store }: Gateway,
  { role, scopes }: ConnectParams,
  { deviceId, token, isExplicit }: DeviceCredential,
  shared: AuthResult,
): AuthResult {
  const checked = store.checkToken(deviceId, role, scopes, token);
  if (checked === "ok") return { ok: true, method: "device-token" };
  if (checked === "scope-mismatch" && rules.protocol === 4) return { ok: false, failure: "scope_mismatch" };
  // 2026.2 calls every such failure a device token's; later only one that was sent as one.
  const isCalledDevices = isExplicit || rules.errorDetails === "request-id";
  return isCalledDevices ? { ok: false, failure: "device_token_mismatch" } : shared;
}

/** A page's failures are counted by another limiter than those of other clients (gateway.md section 4). */
function limitOf(gateway: Gateway, { origin, attribution }: Connection): Limit | undefined {
  const address = attribution.clientIp ?? "unknown";
  if (!origin || gateway.rules.browserLimit === "none") {
    const { limiter } = gateway;
    return limiter && !limiter.exempts(address) ? keyed(limiter, address) : undefined;
  }
  if (!isLoopback(address)) return keyed(gateway.browserLimiter, address);
  const key =
    gateway.rules.browserLimit === "together" ? "browser" : `browser-origin:${origin.toLowerCase()}`;
  return keyed(gateway.browserLimiter, key);
}

function keyed(limiter: RateLimiter, key: string): Limit {
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
