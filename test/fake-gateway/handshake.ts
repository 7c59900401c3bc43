import { deviceIdOf, verifyConnect } from "../../src/openclaw/device.ts";
import { holds } from "../../src/openclaw/releases.ts";
import { keepScopesWithoutDevice } from "../../src/openclaw/scopes.ts";
import { checkSharedToken, resolveAuth } from "./auth.ts";
import type { ConnectParams, DeviceProof } from "./connect-params.ts";
import type { Session } from "./hello.ts";
import { isOwnPage, refuseOrigin } from "./origin.ts";
import { authorizeDevice, isControlUi, isWebchat } from "./pairing.ts";
import { refuse, unauthorized, type Refusal } from "./refusal.ts";
import type { Connection, Gateway } from "./server.ts";

const ORIGIN_MESSAGE =
  "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)";

/** Code and message of a wrong device proof, by the gateway's reason. */
const PROOF_ERRORS = {
  "device-id-mismatch": ["DEVICE_AUTH_DEVICE_ID_MISMATCH", "device identity mismatch"],
  "device-signature-stale": ["DEVICE_AUTH_SIGNATURE_EXPIRED", "device signature expired"],
  "device-nonce-missing": ["DEVICE_AUTH_NONCE_REQUIRED", "device nonce required"],
  "device-nonce-mismatch": ["DEVICE_AUTH_NONCE_MISMATCH", "device nonce mismatch"],
  "device-signature": ["DEVICE_AUTH_SIGNATURE_INVALID", "device signature invalid"],
} as const;

/**
 * Judges `connect` in the gateway's order: startup, protocol, role, Origin, shared token, device, signature, device
 * token, pairing (docs/gateway.md section 3; OpenClaw `message-handler.ts`, `connect-auth.ts`). It does not accept
 * 2026.2's v1 signature, which has no nonce.
 */
export function judgeConnect(
  gateway: Gateway,
  connection: Connection,
  params: ConnectParams,
): Session | Refusal {
  const { store } = gateway;
  const { device } = params;
  const early = refuseEarly(gateway, connection, params);
  if (early) return early;
  const shared = checkSharedToken(gateway, connection, params);
  const unproved = device
    ? refuseProof(gateway, connection, params, device)
    : refuseWithoutDevice(gateway, params, shared.ok && shared.method === "token");
  if (unproved) return unproved;
  const auth = resolveAuth(gateway, connection, params, shared);
  if (!auth.ok) {
    const { local } = connection.attribution;
    return unauthorized(gateway.behavior, { ...auth, ...params, hasDevice: device !== undefined, local });
  }
  const { method } = auth;
  const refusal =
    (device && authorizeDevice({ gateway, connection, params, device, method })) ??
    refuseOldPage(gateway, connection, params);
  if (refusal) return refusal;
  const scopes = grantedScopes(gateway, connection, params);
  return { params, scopes, method, deviceToken: device && store.ensureToken(device.id, params.role, scopes) };
}

function refuseEarly(gateway: Gateway, connection: Connection, params: ConnectParams): Refusal | undefined {
  const { behavior, allowedOrigins } = gateway;
  if (gateway.starting) return STARTING;
  if (!speaks(behavior.protocol, params)) {
    const range = { clientMinProtocol: params.minProtocol, clientMaxProtocol: params.maxProtocol };
    const details =
      behavior.protocol === 4
        ? { code: "PROTOCOL_MISMATCH", ...range, expectedProtocol: 4, minimumProbeProtocol: 3 }
        : { expectedProtocol: 3 };
    return {
      error: { code: "INVALID_REQUEST", message: "protocol mismatch", details },
      close: { code: 1002, reason: "protocol mismatch" },
    };
  }
  if (params.role !== "operator" && params.role !== "node") {
    return refuse(behavior, "INVALID_REQUEST", "invalid role");
  }
  const { origin, host, attribution } = connection;
  const isPage = params.client.id === "openclaw-control-ui" || isWebchat(params);
  if (!isPage && (!origin || behavior.originCheck === "loopback-host")) return undefined;
  const facts = { origin, host, local: attribution.local, allowed: allowedOrigins };
  const reason = refuseOrigin(behavior, facts);
  if (reason === undefined) return undefined;
  const details = { code: "CONTROL_UI_ORIGIN_NOT_ALLOWED", reason };
  return refuse(behavior, "INVALID_REQUEST", ORIGIN_MESSAGE, details);
}

/** A gateway of protocol 4 still accepts probes and nodes that speak 3. */
function speaks(protocol: number, { minProtocol, maxProtocol, client, role }: ConnectParams): boolean {
  if (minProtocol <= protocol && maxProtocol >= protocol) return true;
  if (protocol === 3 || maxProtocol < 3) return false;
  if (client.mode === "probe") return minProtocol <= 4;
  return role === "node" && client.mode === "node" && minProtocol <= 3;
}

/** OpenClaw 2026.9 `startup-unavailable.ts`. */
const STARTING: Refusal = {
  error: {
    code: "UNAVAILABLE",
    message: "gateway starting; retry shortly",
    retryable: true,
    retryAfterMs: 500,
    details: { reason: "startup-sidecars" },
  },
  close: { code: 1013, reason: "gateway starting" },
};

/** An operator with the shared token needs no device, except the Control UI. OpenClaw `connect-policy.ts`. */
function refuseWithoutDevice(
  { behavior }: Gateway,
  params: ConnectParams,
  sharedOk: boolean,
): Refusal | undefined {
  const oldest = behavior.errorDetails === "request-id";
  if (isControlUi(params)) {
    const message = oldest
      ? "control ui requires HTTPS or localhost (secure context)"
      : "control ui requires device identity (use HTTPS or localhost secure context)";
    return refuse(behavior, "INVALID_REQUEST", message, { code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" });
  }
  if (sharedOk && (params.role === "operator" || oldest)) return undefined;
  if (!sharedOk && params.auth.token !== undefined) return undefined; // resolveAuth refuses it
  return refuse(behavior, "NOT_PAIRED", "device identity required", { code: "DEVICE_IDENTITY_REQUIRED" });
}

/** Without a device the scopes are dropped; newer releases leave them to local CLIs and backends. */
function grantedScopes(
  { behavior }: Gateway,
  { attribution, origin, scopeCeiling }: Connection,
  { client, device, scopes }: ConnectParams,
): readonly string[] {
  const isKept = keepScopesWithoutDevice(behavior.release).includes(`${client.id}/${client.mode}`);
  const keepsScopes = isKept && attribution.local && origin === undefined;
  const granted = device || keepsScopes ? scopes : [];
  const ceiling = holds("scopeCeilingHeader", behavior.release) ? scopeCeiling : undefined;
  return ceiling ? granted.filter((scope) => ceiling.includes(scope)) : granted;
}

function refuseProof(
  { behavior }: Gateway,
  { nonce, attribution }: Connection,
  params: ConnectParams,
  device: DeviceProof,
): Refusal | undefined {
  const reason = wrongProof();
  if (!reason) return undefined;
  const [code, message] = PROOF_ERRORS[reason];
  return refuse(behavior, "INVALID_REQUEST", message, { code, reason });

  function wrongProof(): keyof typeof PROOF_ERRORS | undefined {
    if (deviceIdOf(device.publicKey) !== device.id) return "device-id-mismatch";
    if (Math.abs(Date.now() - device.signedAt) > behavior.skewMs) return "device-signature-stale";
    if (device.nonce.trim() === "") {
      return behavior.nonceOptional && attribution.local ? "device-signature" : "device-nonce-missing";
    }
    if (device.nonce.trim() !== nonce) return "device-nonce-mismatch";
    const version = verifyConnect({ ...params, device: { ...device, nonce } });
    return version && behavior.signatures.includes(version) ? undefined : "device-signature";
  }
}

/** OpenClaw 2026.9 `control-ui-build-admission.ts`: a page of the gateway's own must be of the gateway's build. */
function refuseOldPage(
  { behavior }: Gateway,
  { origin, host }: Connection,
  { client }: ConnectParams,
): Refusal | undefined {
  const isOwnControlUi = client.id === "openclaw-control-ui" && isOwnPage(origin, host);
  if (behavior.protocol === 3 || !isOwnControlUi) return undefined;
  if (client.buildId === "dev" || client.buildId === behavior.release) return undefined;
  const message = "protocol mismatch: Control UI updated; reload this page to continue";
  const details = { code: "PROTOCOL_MISMATCH", gatewayBuildId: behavior.release, reloadRequired: true };
  const refusal = refuse(behavior, "UNAVAILABLE", message, details);
  return { ...refusal, error: { ...refusal.error, retryable: false } };
}
