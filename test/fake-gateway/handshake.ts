import { deviceIdOf, verifyConnect } from "../../src/openclaw/device.ts";
import { checkSharedToken, resolveAuth } from "./auth.ts";
import type { ConnectParams, DeviceProof } from "./connect-params.ts";
import type { Connection, Gateway } from "./gateway.ts";
import type { Session } from "./hello.ts";
import { isOwnPage, refuseOrigin } from "./origin.ts";
import { authorizeDevice, isControlUi, isWebchat } from "./pairing.ts";
import { refuse, unauthorized } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

export type Verdict = { readonly ok: true; readonly session: Session } | ({ readonly ok: false } & Refusal);

const ORIGIN_MESSAGE =
  "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)";

/** What a wrong device proof is called, by the gateway's internal word for it. */
const PROOF_ERRORS = {
  "device-id-mismatch": ["DEVICE_AUTH_DEVICE_ID_MISMATCH", "device identity mismatch"],
  "device-signature-stale": ["DEVICE_AUTH_SIGNATURE_EXPIRED", "device signature expired"],
  "device-nonce-missing": ["DEVICE_AUTH_NONCE_REQUIRED", "device nonce required"],
  "device-nonce-mismatch": ["DEVICE_AUTH_NONCE_MISMATCH", "device nonce mismatch"],
  "device-signature": ["DEVICE_AUTH_SIGNATURE_INVALID", "device signature invalid"],
} as const;

/**
 * Answers `connect` as the gateway of the release does, in its order: startup, protocol, role, Origin, shared token,
 * device, signature, device token, pairing (gateway.md section 3; OpenClaw `message-handler.ts`, `connect-auth.ts`).
 * 2026.2's v1 signature, which has no nonce, is not among what it accepts.
 */
export function answerConnect(gateway: Gateway, connection: Connection, params: ConnectParams): Verdict {
  const { rules, store } = gateway;
  const early = admit(gateway, connection, params);
  if (early) return { ok: false, ...early };
  const shared = checkSharedToken(gateway, connection, params);
  const { device } = params;
  if (!device) {
    const refusal = withoutDevice(gateway, params, shared.ok);
    if (refusal) return { ok: false, ...refusal };
  } else {
    const wrong = refuseProof(gateway, connection, params, device);
    if (wrong) {
      const [code, message] = PROOF_ERRORS[wrong];
      return { ok: false, ...refuse(rules, "INVALID_REQUEST", message, { code, reason: wrong }) };
    }
  }
  const auth = resolveAuth(gateway, connection, params, shared);
  if (!auth.ok) {
    const { local } = connection.attribution;
    return {
      ok: false,
      ...unauthorized(rules, { ...auth, ...params, hasDevice: device !== undefined, local }),
    };
  }
  const refusal = device && authorizeDevice({ gateway, connection, params, device, method: auth.method });
  if (refusal) return { ok: false, ...refusal };
  const stale = refuseOldPage(gateway, connection, params);
  if (stale) return { ok: false, ...stale };
  const asked = device || keepsScopes(gateway, connection, params) ? params.scopes : [];
  const cap = rules.protocol === 4 ? connection.scopeCap : undefined;
  const scopes = cap ? asked.filter((scope) => cap.includes(scope)) : asked;
  const deviceToken = device && store.ensureToken(device.id, params.role, scopes);
  return { ok: true, session: { params, scopes, method: auth.method, deviceToken } };
}

function admit(gateway: Gateway, connection: Connection, params: ConnectParams): Refusal | undefined {
  const { rules } = gateway;
  if (gateway.starting) return starting();
  if (!speaks(rules.protocol, params)) {
    const range = { clientMinProtocol: params.minProtocol, clientMaxProtocol: params.maxProtocol };
    const details =
      rules.protocol === 4
        ? { code: "PROTOCOL_MISMATCH", ...range, expectedProtocol: 4, minimumProbeProtocol: 3 }
        : { expectedProtocol: 3 };
    return {
      error: { code: "INVALID_REQUEST", message: "protocol mismatch", details },
      close: { code: 1002, reason: "protocol mismatch" },
    };
  }
  if (params.role !== "operator" && params.role !== "node")
    return refuse(rules, "INVALID_REQUEST", "invalid role");
  const { origin, host, attribution } = connection;
  const asks = params.client.id === "openclaw-control-ui" || isWebchat(params);
  if (!asks && (!origin || rules.originCheck === "loopback-host")) return undefined;
  const reason = refuseOrigin(rules, {
    origin,
    host,
    local: attribution.local,
    allowed: gateway.allowedOrigins,
  });
  if (reason === undefined) return undefined;
  return refuse(rules, "INVALID_REQUEST", ORIGIN_MESSAGE, { code: "CONTROL_UI_ORIGIN_NOT_ALLOWED", reason });
}

/** Protocol 4's gateway still takes probes and nodes that speak 3. */
function speaks(protocol: number, { minProtocol, maxProtocol, client, role }: ConnectParams): boolean {
  if (minProtocol <= protocol && maxProtocol >= protocol) return true;
  if (protocol === 3 || maxProtocol < 3) return false;
  if (client.mode === "probe") return minProtocol <= 4;
  return role === "node" && client.mode === "node" && minProtocol <= 3;
}

/** OpenClaw 2026.9 `startup-unavailable.ts`. */
function starting(): Refusal {
  return {
    error: {
      code: "UNAVAILABLE",
      message: "gateway starting; retry shortly",
      retryable: true,
      retryAfterMs: 500,
      details: { reason: "startup-sidecars" },
    },
    close: { code: 1013, reason: "gateway starting" },
  };
}

/** An operator with the shared token needs no device, except the Control UI. OpenClaw `connect-policy.ts`. */
function withoutDevice({ rules }: Gateway, params: ConnectParams, sharedOk: boolean): Refusal | undefined {
  if (isControlUi(params)) {
    const message =
      rules.errorDetails === "request-id"
        ? "control ui requires HTTPS or localhost (secure context)"
        : "control ui requires device identity (use HTTPS or localhost secure context)";
    return refuse(rules, "INVALID_REQUEST", message, { code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" });
  }
  if (sharedOk && (params.role === "operator" || rules.errorDetails === "request-id")) return undefined;
  if (!sharedOk && params.auth.token !== undefined) return undefined; // resolveAuth says what is wrong with it
  return refuse(rules, "NOT_PAIRED", "device identity required", { code: "DEVICE_IDENTITY_REQUIRED" });
}

/** Without a device the scopes are dropped, but 2026.9 leaves them to local CLIs and backends. */
function keepsScopes(
  { rules }: Gateway,
  { attribution, origin }: Connection,
  { client }: ConnectParams,
): boolean {
  if (rules.protocol === 3 || !attribution.local || origin !== undefined) return false;
  return (
    (client.id === "cli" && client.mode === "cli") ||
    (client.id === "gateway-client" && client.mode === "backend")
  );
}

function refuseProof(
  { rules }: Gateway,
  { nonce, attribution }: Connection,
  params: ConnectParams,
  device: DeviceProof,
): keyof typeof PROOF_ERRORS | undefined {
  if (deviceIdOf(device.publicKey) !== device.id) return "device-id-mismatch";
  if (Math.abs(Date.now() - device.signedAt) > rules.skewMs) return "device-signature-stale";
  if (device.nonce.trim() === "") {
    return rules.nonceOptional && attribution.local ? "device-signature" : "device-nonce-missing";
  }
  if (device.nonce.trim() !== nonce) return "device-nonce-mismatch";
  const { client, auth, role, scopes } = params;
  const signed = verifyConnect(
    device.publicKey,
    device.signature,
    {
      deviceId: device.id,
      clientId: client.id,
      clientMode: client.mode,
      role,
      scopes,
      signedAt: device.signedAt,
      token: auth.token ?? auth.deviceToken ?? auth.bootstrapToken,
      nonce,
      platform: client.platform,
      deviceFamily: client.deviceFamily,
    },
    rules.signatures,
  );
  return signed ? undefined : "device-signature";
}

/** OpenClaw 2026.9 `control-ui-build-admission.ts`: a page of the gateway's own must be of the gateway's build. */
function refuseOldPage(
  { rules, release }: Gateway,
  { origin, host }: Connection,
  { client }: ConnectParams,
): Refusal | undefined {
  if (rules.protocol === 3 || client.id !== "openclaw-control-ui" || !isOwnPage(origin, host))
    return undefined;
  if (client.buildId === "dev" || client.buildId === release) return undefined;
  const message = "protocol mismatch: Control UI updated; reload this page to continue";
  const details = { code: "PROTOCOL_MISMATCH", gatewayBuildId: release, reloadRequired: true };
  const refusal = refuse(rules, "UNAVAILABLE", message, details);
  return { ...refusal, error: { ...refusal.error, retryable: false } };
}
