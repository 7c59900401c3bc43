import { hostName, isLoopbackHost } from "./locality.ts";
import type { AuthMethod } from "./auth.ts";
import type { ConnectParams, DeviceProof } from "./connect-params.ts";
import type { PairingReason } from "./behaviors.ts";
import type { Connection, Gateway } from "./gateway.ts";
import type { PairedDevice } from "./pairing-store.ts";
import { pairingRequired } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import { missingScope } from "./scopes.ts";

/** A connect whose credentials and signature were right. */
export interface Authenticated {
  readonly gateway: Gateway;
  readonly connection: Connection;
  readonly params: ConnectParams;
  readonly device: DeviceProof;
  readonly method: AuthMethod;
}

const NATIVE_APPS = new Set(["openclaw-macos", "openclaw-linux", "openclaw-ios", "openclaw-android"]);

/**
 * Decides whether the device may have the role and scopes that it asks for: because it is paired for them, because
 * it is local and may be paired silently, or not until somebody approves (gateway.md section 2; OpenClaw
 * `connect-device-pairing.ts`, `connect-existing-device.ts`).
 * @returns the refusal, or undefined when it may connect.
 */
export function authorizeDevice(who: Authenticated): Refusal | undefined {
  const { gateway, params, device } = who;
  const paired = gateway.store.device(device.id);
  if (!paired || paired.publicKey !== device.publicKey) {
    return isTrustedBackend(who) ? undefined : requirePairing(who, "not-paired", paired);
  }
  // 2026.3 trusts the backend whatever it is paired for; 2026.4 only while it is not paired.
  if (gateway.release !== "2026.4.5" && isTrustedBackend(who)) return undefined;
  if (gateway.rules.pinsMetadata && differs(params, paired)) {
    const refusal = requirePairing(who, "metadata-upgrade", paired);
    if (refusal) return refusal;
  }
  if (!paired.roles.includes(params.role)) {
    const refusal = requirePairing(who, "role-upgrade", paired);
    if (refusal) return refusal;
  }
  if (missingScope(params.scopes, paired.scopes, gateway.rules.impliedScopes) === undefined) return undefined;
  return requirePairing(who, "scope-upgrade", paired);
}

function requirePairing(
  who: Authenticated,
  reason: PairingReason,
  paired: PairedDevice | undefined,
): Refusal | undefined {
  const { gateway, params, device } = who;
  const { client, role, scopes } = params;
  const { request, created, superseded } = gateway.store.request({
    deviceId: device.id,
    publicKey: device.publicKey,
    displayName: client.displayName,
    platform: client.platform,
    deviceFamily: client.deviceFamily ?? nodeFamily(who),
    clientId: client.id,
    clientMode: client.mode,
    role,
    scopes,
    silent: maySilently(who, reason, paired),
  });
  const resolved = (requestId: string, decision: "approved" | "rejected"): void =>
    gateway.broadcast("device.pair.resolved", { requestId, deviceId: device.id, decision, ts: Date.now() });
  if (gateway.rules.protocol === 4) for (const requestId of superseded) resolved(requestId, "rejected");
  if (request.silent) {
    const approval = gateway.store.approve(request.requestId, [...request.scopes, ...(paired?.scopes ?? [])]);
    if (approval.status === "approved") {
      resolved(request.requestId, "approved");
      return undefined;
    }
  }
  if (created) gateway.broadcast("device.pair.requested", request);
  const known = paired?.publicKey === device.publicKey ? paired : undefined;
  return pairingRequired(gateway.rules, {
    reason,
    requestId: request.requestId,
    deviceId: device.id,
    role,
    scopes,
    approvedRoles: known?.roles ?? [],
    approvedScopes: known?.scopes ?? [],
    retry: isControlUi(params) && role === "operator",
  });
}

function maySilently(who: Authenticated, reason: PairingReason, paired: PairedDevice | undefined): boolean {
  const { gateway, connection, params, method } = who;
  const { rules } = gateway;
  const { local } = connection.attribution;
  if (!local && !isContainerCli(who)) return false;
  const page = connection.origin !== undefined;
  const ownPage = isControlUi(params) || isWebchat(params);
  if (rules.browserMustAsk && page && !ownPage) return false;
  if (rules.protocol === 4) {
    if (paired && params.role !== "operator") return false;
    if (reason === "metadata-upgrade") return !page && !ownPage && isNativeApp(params);
    if (!gateway.autoApproveLocal) return false;
    if (reason === "scope-upgrade" && method !== "token") return false;
  }
  return rules.silent.includes(reason);
}

/** OpenClaw `shouldSkipLocalBackendSelfPairing`: the gateway's own helpers. */
function isTrustedBackend({ gateway, connection, params }: Authenticated): boolean {
  const { id, mode } = params.client;
  if (!gateway.rules.trustsBackend || id !== "gateway-client" || mode !== "backend") return false;
  return connection.attribution.local && connection.origin === undefined;
}

/** OpenClaw 2026.4 `isCliContainerLocalEquivalent`. Its Host must be loopback here, for the stand-in has no other. */
function isContainerCli({ gateway, connection, params, method }: Authenticated): boolean {
  return (
    gateway.rules.trustsContainerCli &&
    params.client.id === "cli" &&
    params.client.mode === "cli" &&
    method === "token" &&
    !connection.attribution.proxied &&
    connection.origin === undefined &&
    isLoopbackHost(hostName(connection.host))
  );
}

function differs({ client }: ConnectParams, paired: PairedDevice): boolean {
  return pinned(paired.platform, client.platform) || pinned(paired.deviceFamily, client.deviceFamily);
}

/** OpenClaw 2026.9 `node-legacy-protocol-filter.ts`; of its platforms only those that need no other name. */
function nodeFamily({ gateway, params }: Authenticated): string | undefined {
  const { id, mode, platform } = params.client;
  if (!gateway.rules.namesNodeFamily || id !== "node-host" || mode !== "node") return undefined;
  return { linux: "Linux", macos: "Mac", windows: "Windows" }[platform];
}

/** What a device was paired with holds; what it was paired without does not. */
function pinned(was: string | undefined, is: string | undefined): boolean {
  return plain(was) !== "" && plain(was) !== plain(is);
}

function plain(text: string | undefined): string {
  return (text ?? "").trim().toLowerCase();
}

/** The browser Control UI, and what the gateway treats alike. */
export function isControlUi({ client }: ConnectParams): boolean {
  return client.id === "openclaw-control-ui" || client.id === "openclaw-tui";
}

/** Webchat by mode or by name. */
export function isWebchat({ client }: ConnectParams): boolean {
  return client.mode === "webchat" || client.id === "webchat-ui";
}

function isNativeApp({ client }: ConnectParams): boolean {
  return client.mode === "ui" && NATIVE_APPS.has(client.id);
}
