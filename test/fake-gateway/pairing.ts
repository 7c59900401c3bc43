import { isLoopbackName } from "../../src/net/authority.ts";
import type { AuthMethod } from "./auth.ts";
import type { PairingReason } from "./behaviors.ts";
import type { ConnectParams, DeviceProof } from "./connect-params.ts";
import { hostName } from "./locality.ts";
import { missingScope, type PairedDevice } from "./pairing-store.ts";
import { pairingRequired, type Refusal } from "./refusal.ts";
import type { Connection, Gateway } from "./server.ts";

/** A connect with a right credential and signature. */
export interface Authenticated {
  readonly gateway: Gateway;
  readonly connection: Connection;
  readonly params: ConnectParams;
  readonly device: DeviceProof;
  readonly method: AuthMethod;
}

const NATIVE_APPS = new Set(["openclaw-macos", "openclaw-linux", "openclaw-ios", "openclaw-android"]);

/**
 * Decides about the device's role and scopes: it is paired for them, or it is local and paired silently, or an
 * operator has to approve it (docs/gateway.md section 2; OpenClaw `connect-device-pairing.ts`,
 * `connect-existing-device.ts`).
 * @returns the refusal, or undefined if it may connect.
 */
export function authorizeDevice(client: Authenticated): Refusal | undefined {
  const { gateway, params, device } = client;
  const { behavior } = gateway;
  const paired = gateway.store.device(device.id);
  if (!paired || paired.publicKey !== device.publicKey) {
    return isTrustedBackend(client) ? undefined : requirePairing(client, "not-paired", paired);
  }
  if (behavior.trustsBackend === "always" && isTrustedBackend(client)) return undefined;
  const metadataChanged = behavior.pinsMetadata && hasOtherMetadata(params, paired);
  const roleIsNew = !paired.roles.includes(params.role);
  const scopeIsNew = missingScope(params.scopes, paired.scopes, behavior.impliedScopes) !== undefined;
  return (
    (metadataChanged ? requirePairing(client, "metadata-upgrade", paired) : undefined) ??
    (roleIsNew ? requirePairing(client, "role-upgrade", paired) : undefined) ??
    (scopeIsNew ? requirePairing(client, "scope-upgrade", paired) : undefined)
  );
}

function requirePairing(
  client: Authenticated,
  reason: PairingReason,
  paired: PairedDevice | undefined,
): Refusal | undefined {
  const { gateway, params, device } = client;
  const { role, scopes } = params;
  const { request, created, superseded } = gateway.store.request({
    deviceId: device.id,
    publicKey: device.publicKey,
    displayName: params.client.displayName,
    platform: params.client.platform,
    deviceFamily: params.client.deviceFamily ?? nodeFamily(client),
    clientId: params.client.id,
    clientMode: params.client.mode,
    role,
    scopes,
    silent: pairsSilently(client, reason, paired),
  });
  if (gateway.behavior.protocol === 4) {
    for (const requestId of superseded) gateway.broadcastDecision(requestId, device.id, "rejected");
  }
  if (request.silent) {
    const approval = gateway.store.approve(request.requestId, [...request.scopes, ...(paired?.scopes ?? [])]);
    if (approval.status === "approved") {
      gateway.broadcastDecision(request.requestId, device.id, "approved");
      return undefined;
    }
  }
  if (created) gateway.broadcast("device.pair.requested", request);
  const known = paired?.publicKey === device.publicKey ? paired : undefined;
  return pairingRequired(gateway.behavior, {
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

function pairsSilently(
  client: Authenticated,
  reason: PairingReason,
  paired: PairedDevice | undefined,
): boolean {
  const { gateway, connection, params, method } = client;
  const { behavior } = gateway;
  if (!connection.attribution.local && !isContainerCli(client)) return false;
  const isPage = connection.origin !== undefined;
  const isOwnPage = isControlUi(params) || isWebchat(params);
  if (behavior.asksForPages && isPage && !isOwnPage) return false;
  if (behavior.protocol === 4) {
    if (paired && params.role !== "operator") return false;
    if (reason === "metadata-upgrade") return !isPage && !isOwnPage && isNativeApp(params);
    if (!gateway.autoApproveLocal) return false;
    if (reason === "scope-upgrade" && method !== "token") return false;
  }
  return behavior.silent.includes(reason);
}

/** OpenClaw `shouldSkipLocalBackendSelfPairing`: the gateway's own helpers. */
function isTrustedBackend({ gateway, connection, params }: Authenticated): boolean {
  const { id, mode } = params.client;
  const isBackend = id === "gateway-client" && mode === "backend";
  if (gateway.behavior.trustsBackend === "never" || !isBackend) return false;
  return connection.attribution.local && connection.origin === undefined;
}

/** OpenClaw 2026.4 `isCliContainerLocalEquivalent`. Host must be loopback: the fake gateway has no other name. */
function isContainerCli({ gateway, connection, params, method }: Authenticated): boolean {
  return (
    gateway.behavior.trustsContainerCli &&
    params.client.id === "cli" &&
    params.client.mode === "cli" &&
    method === "token" &&
    !connection.attribution.proxied &&
    connection.origin === undefined &&
    isLoopbackName(hostName(connection.host))
  );
}

/** A device must keep the platform and family that it was paired with, if it was paired with one. */
function hasOtherMetadata({ client }: ConnectParams, paired: PairedDevice): boolean {
  const differs = (was: string | undefined, is: string | undefined): boolean =>
    plain(was) !== "" && plain(was) !== plain(is);
  return differs(paired.platform, client.platform) || differs(paired.deviceFamily, client.deviceFamily);
}

/** OpenClaw 2026.9 `node-legacy-protocol-filter.ts`, for the platforms that are named without a version. */
function nodeFamily({ gateway, params }: Authenticated): string | undefined {
  const { id, mode, platform } = params.client;
  if (!gateway.behavior.namesNodeFamily || id !== "node-host" || mode !== "node") return undefined;
  return { linux: "Linux", macos: "Mac", windows: "Windows" }[platform];
}

function plain(text: string | undefined): string {
  return (text ?? "").trim().toLowerCase();
}

/** Returns true for the browser Control UI, and for the TUI, which the gateway treats alike. */
export function isControlUi({ client }: ConnectParams): boolean {
  return client.id === "openclaw-control-ui" || client.id === "openclaw-tui";
}

/** Returns true for webchat, by mode or by id. */
export function isWebchat({ client }: ConnectParams): boolean {
  return client.mode === "webchat" || client.id === "webchat-ui";
}

function isNativeApp({ client }: ConnectParams): boolean {
  return client.mode === "ui" && NATIVE_APPS.has(client.id);
}
