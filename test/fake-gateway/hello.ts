import type { AuthMethod } from "./auth.ts";
import type { ConnectParams } from "./connect-params.ts";
import type { DeviceToken } from "./pairing-store.ts";
import { METHODS } from "./methods.ts";
import type { Connection, Gateway } from "./server.ts";

const EVENTS = ["connect.challenge", "device.pair.requested", "device.pair.resolved"];
const MIB = 1024 * 1024;

/** A connected client. */
export interface Session {
  readonly params: ConnectParams;
  readonly scopes: readonly string[];
  readonly method: AuthMethod;
  readonly deviceToken: DeviceToken | undefined;
}

/** Builds the payload of hello-ok, by default about as large as a real one. OpenClaw `connect-hello.ts`. */
export function helloOk(gateway: Gateway, connection: Connection, session: Session): Record<string, unknown> {
  const { protocol, release } = gateway.behavior;
  const auth = authOf(gateway, session);
  return {
    type: "hello-ok",
    protocol,
    server: { version: release, connId: connection.id, ...(protocol === 4 && { buildId: release }) },
    features: { methods: METHODS, events: EVENTS },
    snapshot: snapshotOf(gateway.snapshotBytes),
    ...(auth ? { auth } : {}),
    policy: { maxPayload: 25 * MIB, maxBufferedBytes: 50 * MIB, tickIntervalMs: 30_000 },
  };
}

/** Before 2026.9 there is no `auth` without a device token. */
function authOf({ behavior }: Gateway, session: Session): Record<string, unknown> | undefined {
  const { params, scopes, method, deviceToken } = session;
  const issued = deviceToken && { deviceToken: deviceToken.token, issuedAtMs: deviceToken.createdAtMs };
  if (behavior.protocol === 4) return { method, role: params.role, scopes, ...issued };
  return deviceToken && { role: deviceToken.role, scopes: deviceToken.scopes, ...issued };
}

/** Presence entries of about this many bytes, and the health that follows them. */
function snapshotOf(bytes: number): Record<string, unknown> {
  const entry = {
    host: "fake-gateway",
    ip: "127.0.0.1",
    mode: "gateway",
    reason: "connect",
    text: "Gateway: fake-gateway",
  };
  const count = Math.ceil(bytes / JSON.stringify(entry).length);
  return {
    presence: Array.from({ length: count }, () => entry),
    health: { ok: true, channels: {}, channelOrder: [] },
    stateVersion: { presence: 1, health: 1 },
    uptimeMs: Math.round(performance.now()),
  };
}
