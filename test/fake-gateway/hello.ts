import type { AuthMethod } from "./auth.ts";
import type { ConnectParams } from "./connect-params.ts";
import type { Connection, Gateway } from "./gateway.ts";
import type { DeviceToken } from "./pairing-store.ts";

/** Methods that the stand-in answers. */
const METHODS = [
  "health",
  "echo",
  "device.pair.list",
  "device.pair.approve",
  "device.pair.reject",
  "device.pair.remove",
];
const EVENTS = ["connect.challenge", "device.pair.requested", "device.pair.resolved"];
const MIB = 1024 * 1024;

/** What hello-ok tells of the one who connected. */
export interface Session {
  readonly params: ConnectParams;
  readonly scopes: readonly string[];
  readonly method: AuthMethod;
  readonly deviceToken: DeviceToken | undefined;
}

/** Builds hello-ok's payload, by default about as large as a real one. OpenClaw `connect-hello.ts`. */
export function helloOk(gateway: Gateway, connection: Connection, session: Session): Record<string, unknown> {
  const auth = authOf(gateway, session);
  return {
    type: "hello-ok",
    protocol: gateway.rules.protocol,
    server: { version: gateway.release, connId: connection.id },
    features: { methods: METHODS, events: EVENTS },
    snapshot: snapshotOf(gateway.snapshotBytes),
    ...(auth ? { auth } : {}),
    policy: { maxPayload: 25 * MIB, maxBufferedBytes: 50 * MIB, tickIntervalMs: 30_000 },
  };
}

/** Before 2026.9 there is no `auth` without a device token. */
function authOf(
  gateway: Gateway,
  { params, scopes, method, deviceToken }: Session,
): Record<string, unknown> | undefined {
  const issued = deviceToken && { deviceToken: deviceToken.token, issuedAtMs: deviceToken.createdAtMs };
  if (gateway.rules.protocol === 4) return { method, role: params.role, scopes, ...issued };
  return deviceToken && { role: deviceToken.role, scopes: deviceToken.scopes, ...issued };
}

/** Presence entries up to a size in bytes, and the health that goes with them. */
function snapshotOf(bytes: number): Record<string, unknown> {
  const entry = {
    host: "stand-in",
    ip: "127.0.0.1",
    mode: "gateway",
    reason: "connect",
    text: "Gateway: stand-in",
  };
  const count = Math.ceil(bytes / JSON.stringify(entry).length);
  return {
    presence: Array.from({ length: count }, () => entry),
    health: { ok: true, channels: {}, channelOrder: [] },
    stateVersion: { presence: 1, health: 1 },
    uptimeMs: Math.round(performance.now()),
  };
}
