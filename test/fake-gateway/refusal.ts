import type { GatewayError } from "../../src/openclaw/protocol.ts";
import type { Behavior, PairingReason } from "./behaviors.ts";
import type { ConnectClient, ConnectAuth } from "./connect-params.ts";

/** The refusal of a handshake: an error response, then a close. */
export interface Refusal {
  readonly error: GatewayError;
  readonly close: { readonly code: number; readonly reason: string };
}

/** Close reasons are cut to this, below RFC 6455's 123 bytes. OpenClaw `close-reason.ts`. */
const CLOSE_REASON_BYTES = 120;

const REQUIREMENT: Readonly<Record<PairingReason, string>> = {
  "not-paired": "device is not approved yet",
  "role-upgrade": "device is asking for a higher role than currently approved",
  "scope-upgrade": "device is asking for more scopes than currently approved",
  "metadata-upgrade": "device identity changed and must be re-approved",
};
const REMEDIATION: Readonly<Record<PairingReason, string>> = {
  "not-paired": "Approve this device from the pending pairing requests.",
  "role-upgrade": "Review the requested role upgrade, then approve the pending request.",
  "scope-upgrade": "Review the requested scopes, then approve the pending upgrade.",
  "metadata-upgrade": "Review the refreshed device details, then approve the pending request.",
};

/** Builds a refusal; its details are omitted by releases that do not send them. */
export function refuse(
  behavior: Behavior,
  code: string,
  message: string,
  details?: Readonly<Record<string, unknown>>,
  close: { code: number; reason?: string } = { code: 1008 },
): Refusal {
  return {
    error: { code, message, ...(details && behavior.errorDetails !== "request-id" ? { details } : {}) },
    close: { code: close.code, reason: closeReason(close.reason ?? message) },
  };
}

/** Facts for a pairing refusal. */
export interface PairingFacts {
  readonly reason: PairingReason;
  readonly requestId: string;
  readonly deviceId: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly approvedRoles: readonly string[];
  readonly approvedScopes: readonly string[];
  /** True for the Control UI, which 2026.9 asks to wait and retry. */
  readonly retry: boolean;
}

/** Builds NOT_PAIRED with the details that the release sends. OpenClaw `connect-error-details.ts`. */
export function pairingRequired(behavior: Behavior, facts: PairingFacts): Refusal {
  const { reason, requestId } = facts;
  if (behavior.errorDetails !== "full") {
    const details =
      behavior.errorDetails === "code" ? { code: "PAIRING_REQUIRED", requestId, reason } : { requestId };
    return {
      error: { code: "NOT_PAIRED", message: "pairing required", details },
      close: { code: 1008, reason: "pairing required" },
    };
  }
  const message = `pairing required: ${REQUIREMENT[reason]}`;
  const details = {
    code: "PAIRING_REQUIRED",
    reason,
    requestId,
    remediationHint: REMEDIATION[reason],
    ...(facts.retry
      ? { recommendedNextStep: "wait_then_retry", retryable: true, pauseReconnect: false }
      : {}),
    deviceId: facts.deviceId,
    requestedRole: facts.role,
    ...(facts.scopes.length > 0 ? { requestedScopes: facts.scopes } : {}),
    ...(facts.approvedRoles.length > 0 ? { approvedRoles: facts.approvedRoles } : {}),
    ...(facts.approvedScopes.length > 0 ? { approvedScopes: facts.approvedScopes } : {}),
  };
  return refuse(behavior, "NOT_PAIRED", message, details, {
    code: 1008,
    reason: `${message} (requestId: ${requestId})`,
  });
}

/** The reason for which a credential is refused. */
export type AuthFailure =
  | "token_missing"
  | "token_mismatch"
  | "device_token_mismatch"
  | "scope_mismatch"
  | "rate_limited"
  | "trusted_proxy_user_missing";

const NEXT_STEP: Readonly<Record<AuthFailure, string>> = {
  token_missing: "update_auth_configuration",
  token_mismatch: "update_auth_credentials",
  device_token_mismatch: "update_auth_credentials",
  scope_mismatch: "review_auth_configuration",
  rate_limited: "wait_then_retry",
  trusted_proxy_user_missing: "review_auth_configuration",
};

const AUTH_MESSAGE = {
  device_token_mismatch: "unauthorized: device token mismatch (rotate/reissue device token)",
  scope_mismatch: "unauthorized: device token scope mismatch (re-pair or approve scope upgrade)",
  rate_limited: "unauthorized: too many failed authentication attempts (retry later)",
  trusted_proxy_user_missing: "unauthorized",
} as const;

/** Facts for an authentication refusal. */
export interface AuthFacts {
  readonly failure: AuthFailure;
  readonly retryAfterMs?: number | undefined;
  readonly client: ConnectClient;
  readonly auth: ConnectAuth;
  readonly hasDevice: boolean;
  readonly local: boolean;
}

/** Builds the refusal of a credential. OpenClaw `auth-messages.ts`, `handshake-auth-helpers.ts`. */
export function unauthorized(behavior: Behavior, facts: AuthFacts): Refusal {
  const { failure, auth } = facts;
  const retryWithDeviceToken =
    failure === "token_mismatch" &&
    facts.hasDevice &&
    auth.token !== undefined &&
    auth.deviceToken === undefined;
  const refusal = refuse(behavior, "INVALID_REQUEST", authMessage(behavior, facts), {
    code: `AUTH_${failure.toUpperCase()}`,
    authReason: failure,
    canRetryWithDeviceToken: retryWithDeviceToken,
    recommendedNextStep: retryWithDeviceToken ? "retry_with_device_token" : NEXT_STEP[failure],
  });
  if (failure !== "rate_limited" || behavior.protocol === 3) return refusal;
  const { retryAfterMs } = facts;
  return {
    ...refusal,
    error: { ...refusal.error, retryable: true, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  };
}

function authMessage(behavior: Behavior, facts: AuthFacts): string {
  const { failure } = facts;
  if (failure !== "token_missing" && failure !== "token_mismatch") return AUTH_MESSAGE[failure];
  return `unauthorized: gateway ${failure.replace("_", " ")} (${tokenHint(behavior, facts)})`;
}

function tokenHint(behavior: Behavior, { failure, client, local }: AuthFacts): string {
  const newest = behavior.protocol === 4;
  if (client.id === "cli" || client.mode === "cli") {
    if (newest && local) return "use this gateway's gateway.auth.token or pair the device";
    return "set gateway.remote.token to match gateway.auth.token";
  }
  if (client.id !== "openclaw-control-ui" && client.mode !== "webchat") return "provide gateway auth token";
  if (newest && failure === "token_missing") {
    return "paste in Control UI settings or openclaw doctor --generate-gateway-token; restart";
  }
  return "open the dashboard URL and paste the token in Control UI settings";
}

function closeReason(reason: string): string {
  return Buffer.from(reason)
    .subarray(0, CLOSE_REASON_BYTES)
    .toString()
    .replace(/\uFFFD+$/u, "");
}
