import { isRecord } from "../../src/text/json.ts";
import type { Gateway } from "./gateway.ts";
import type { Session } from "./hello.ts";
import type { PairedDevice } from "./pairing-store.ts";
import type { ErrorShape } from "./refusal.ts";

/** What a request after hello-ok is answered with. */
export type Reply =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly error: ErrorShape };

const PAIRING = "operator.pairing";

/** Answers a request of a connected client. OpenClaw `server-methods.ts`, `server-methods/devices.ts`. */
export function answerRequest(gateway: Gateway, session: Session, method: string, params: unknown): Reply {
  switch (method) {
    case "health":
      return { ok: true, payload: { ok: true, ts: Date.now(), channels: {} } };
    case "echo":
      return { ok: true, payload: params ?? {} };
    case "device.pair.list":
      return forPairing(gateway, session) ?? { ok: true, payload: listOf(gateway) };
    case "device.pair.approve":
      return forPairing(gateway, session) ?? approve(gateway, session, requestIdOf(params));
    case "device.pair.reject":
      return forPairing(gateway, session) ?? reject(gateway, requestIdOf(params));
    case "device.pair.remove":
      return forPairing(gateway, session) ?? remove(gateway, params);
    case "connect":
      return failed("connect is only valid as the first request");
    default:
      return failed(`unknown method: ${method}`);
  }
}

/** Whether a connected client hears of pairing. */
export function hearsOfPairing({ params, scopes }: Session): boolean {
  return params.role === "operator" && (scopes.includes(PAIRING) || scopes.includes("operator.admin"));
}

function forPairing({ rules }: Gateway, session: Session): Reply | undefined {
  if (session.params.role !== "operator") return failed(`unauthorized role: ${session.params.role}`);
  if (hearsOfPairing(session)) return undefined;
  if (rules.protocol === 3) return failed(`missing scope: ${PAIRING}`);
  const details = { code: "MISSING_SCOPE", missingScope: PAIRING, requiredScopes: [PAIRING] };
  return { ok: false, error: { code: "FORBIDDEN", message: `missing scope: ${PAIRING}`, details } };
}

function listOf({ store }: Gateway): unknown {
  return { pending: store.pending, paired: store.paired.map(redacted) };
}

function approve(gateway: Gateway, session: Session, requestId: string | undefined): Reply {
  if (requestId === undefined)
    return failed("invalid device.pair.approve params: must have required property 'requestId'");
  const { store, rules } = gateway;
  if (rules.approval === "admin" && !session.scopes.includes("operator.admin")) {
    const pending = store.pending.find((one) => one.requestId === requestId);
    const foreign = session.method === "device-token" && pending?.deviceId !== session.params.device?.id;
    if (!pending || foreign || pending.roles.some((role) => role !== "operator")) {
      return failed("device pairing approval denied");
    }
  }
  const approval = store.approve(requestId, session.scopes);
  if (approval.status === "unknown") return failed("unknown requestId");
  if (approval.status === "forbidden") return failed(`missing scope: ${approval.missingScope}`);
  const { device } = approval;
  resolved(gateway, requestId, device.deviceId, "approved");
  return { ok: true, payload: { requestId, device: redacted(device) } };
}

function reject(gateway: Gateway, requestId: string | undefined): Reply {
  if (requestId === undefined)
    return failed("invalid device.pair.reject params: must have required property 'requestId'");
  const rejected = gateway.store.reject(requestId);
  if (!rejected) return failed("unknown requestId");
  resolved(gateway, requestId, rejected.deviceId, "rejected");
  return { ok: true, payload: { requestId, deviceId: rejected.deviceId } };
}

/** All four releases have it; that the newer ones also close the device's connections is left out. */
function remove({ store }: Gateway, params: unknown): Reply {
  const deviceId = isRecord(params) ? params["deviceId"] : undefined;
  if (typeof deviceId !== "string" || !store.remove(deviceId)) return failed("unknown deviceId");
  return { ok: true, payload: { deviceId } };
}

function resolved(
  gateway: Gateway,
  requestId: string,
  deviceId: string,
  decision: "approved" | "rejected",
): void {
  gateway.broadcast("device.pair.resolved", { requestId, deviceId, decision, ts: Date.now() });
}

/** A paired device as others may see it: of its tokens no more than that they are. */
function redacted({ tokens, ...device }: PairedDevice): Record<string, unknown> {
  return { ...device, tokens: Object.values(tokens).map(({ token: _token, ...rest }) => rest) };
}

function requestIdOf(params: unknown): string | undefined {
  const id = isRecord(params) ? params["requestId"] : undefined;
  return typeof id === "string" && id !== "" ? id : undefined;
}

function failed(message: string): Reply {
  return { ok: false, error: { code: "INVALID_REQUEST", message } };
}
