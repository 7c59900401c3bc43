import type { GatewayError } from "../../src/openclaw/protocol.ts";
import { isRecord } from "../../src/text/json.ts";
import type { Session } from "./hello.ts";
import type { PairedDevice } from "./pairing-store.ts";
import type { Gateway } from "./server.ts";

/** The response to a request after hello-ok. */
export type Reply =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly error: GatewayError };

type Handler = (gateway: Gateway, session: Session, params: unknown) => Reply;

/** Methods of every session. */
const OPEN: Readonly<Record<string, Handler>> = {
  health: () => ({ ok: true, payload: { ok: true, ts: Date.now(), channels: {} } }),
  echo: (_gateway, _session, params) => ({ ok: true, payload: params ?? {} }),
  connect: () => failed("connect is only valid as the first request"),
};
/** Methods that require `operator.pairing`. */
const PAIRING: Readonly<Record<string, Handler>> = {
  "device.pair.list": ({ store }) => ({
    ok: true,
    payload: { pending: store.pending, paired: store.paired.map(redacted) },
  }),
  "device.pair.approve": approve,
  "device.pair.reject": reject,
  // On all four releases. The newer ones also close the device's connections, which is not simulated.
  "device.pair.remove"({ store }, _session, params) {
    const deviceId = textMember(params, "deviceId");
    if (deviceId === undefined || !store.remove(deviceId)) return failed("unknown deviceId");
    return { ok: true, payload: { deviceId } };
  },
};

/** The methods that hello-ok lists. */
export const METHODS = [...Object.keys(OPEN), ...Object.keys(PAIRING)].filter((name) => name !== "connect");

/** Handles a request of a connected client. OpenClaw `server-methods.ts`, `server-methods/devices.ts`. */
export function handleRequest(gateway: Gateway, session: Session, method: string, params: unknown): Reply {
  const open = OPEN[method];
  if (open) return open(gateway, session, params);
  const pairing = PAIRING[method];
  if (!pairing) return failed(`unknown method: ${method}`);
  return refusePairing(gateway, session) ?? pairing(gateway, session, params);
}

/** Returns true if a client receives pairing events. */
export function receivesPairing({ params, scopes }: Session): boolean {
  const may = scopes.includes("operator.pairing") || scopes.includes("operator.admin");
  return params.role === "operator" && may;
}

function refusePairing({ behavior }: Gateway, session: Session): Reply | undefined {
  if (session.params.role !== "operator") return failed(`unauthorized role: ${session.params.role}`);
  if (receivesPairing(session)) return undefined;
  const scope = "operator.pairing";
  if (behavior.protocol === 3) return failed(`missing scope: ${scope}`);
  const details = { code: "MISSING_SCOPE", missingScope: scope, requiredScopes: [scope] };
  return { ok: false, error: { code: "FORBIDDEN", message: `missing scope: ${scope}`, details } };
}

function approve(gateway: Gateway, session: Session, params: unknown): Reply {
  const requestId = textMember(params, "requestId");
  if (requestId === undefined) return withoutRequestId("approve");
  const { store, behavior } = gateway;
  if (behavior.approval === "admin" && !session.scopes.includes("operator.admin")) {
    const pending = store.pending.find((request) => request.requestId === requestId);
    const foreign = session.method === "device-token" && pending?.deviceId !== session.params.device?.id;
    if (!pending || foreign || pending.roles.some((role) => role !== "operator")) {
      return failed("device pairing approval denied");
    }
  }
  const approval = store.approve(requestId, session.scopes);
  if (approval.status === "unknown") return failed("unknown requestId");
  if (approval.status === "forbidden") return failed(`missing scope: ${approval.missingScope}`);
  const { device } = approval;
  gateway.broadcastDecision(requestId, device.deviceId, "approved");
  return { ok: true, payload: { requestId, device: redacted(device) } };
}

function reject(gateway: Gateway, _session: Session, params: unknown): Reply {
  const requestId = textMember(params, "requestId");
  if (requestId === undefined) return withoutRequestId("reject");
  const rejected = gateway.store.reject(requestId);
  if (!rejected) return failed("unknown requestId");
  gateway.broadcastDecision(requestId, rejected.deviceId, "rejected");
  return { ok: true, payload: { requestId, deviceId: rejected.deviceId } };
}

/** Returns a paired device for other clients: its tokens without their values. */
function redacted({ tokens, ...device }: PairedDevice): Record<string, unknown> {
  return { ...device, tokens: Object.values(tokens).map(({ token: _token, ...rest }) => rest) };
}

function textMember(params: unknown, name: string): string | undefined {
  const value = isRecord(params) ? params[name] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

function withoutRequestId(method: "approve" | "reject"): Reply {
  return failed(`invalid device.pair.${method} params: must have required property 'requestId'`);
}

function failed(message: string): Reply {
  return { ok: false, error: { code: "INVALID_REQUEST", message } };
}
