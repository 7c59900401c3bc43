import { isRecord, textsIn } from "../text/json.ts";

/** A pending pairing request, as `device.pair.list` and `device.pair.requested` have it. */
export interface PendingRequest {
  readonly requestId: string;
  readonly deviceId: string;
  readonly publicKey: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** The gateway would approve it without asking: the device was local all along. */
  readonly silent: boolean;
}

/** What a device asked for in a `connect` that passed this shim's gate. */
export interface DeviceRequest {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly role: string;
  readonly scopes: readonly string[];
}

/** A device that this shim itself saw refused with NOT_PAIRED. */
export interface RefusedDevice extends DeviceRequest {
  /** The connection that was refused. */
  readonly conn: string;
  /** The request that the refusal named, where it named one. */
  readonly requestId: string | undefined;
  /** `performance.now()` of the refusal. */
  readonly at: number;
}

/** `--approve-roles` and `--approve-scopes`. */
export interface ApproveBounds {
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

/** What was seen longer ago is nobody's word any more. */
const SEEN_MS = 60_000;

/**
 * Whether a pending request may be approved for a device that was just refused: it must be that device's, with the
 * same key, role and scopes, and within bounds. The gateway never changes key, role or scopes under a requestId
 * (OpenClaw `src/infra/device-pairing.ts`): what is compared here is what will be approved.
 *
 * @param now `performance.now()`
 * @returns why not, or undefined when it may
 */
export function objection(
  pending: PendingRequest,
  refused: RefusedDevice,
  bounds: ApproveBounds,
  now: number,
): string | undefined {
  if (now - refused.at > SEEN_MS) return "the refusal was more than a minute ago";
  if (pending.requestId !== refused.requestId) return "the refusal named another request";
  if (pending.deviceId !== refused.deviceId) return "the request is another device's";
  if (pending.publicKey !== refused.publicKey) return "the request has another public key";
  if (!sameSet(pending.roles, [refused.role])) return "the request is for another role";
  if (!sameSet(pending.scopes, refused.scopes)) return "the request is for other scopes";
  return outOfBounds(refused, bounds);
}

/**
 * What of a device's request exceeds the bounds, or undefined. As for the gateway, `operator.admin` covers every scope
 * of an operator (OpenClaw `src/shared/operator-scope-compat.ts`): 2026.4's CLI asks for `operator.talk.secrets`
 * beside it, and who may have it may have that.
 */
export function outOfBounds({ role, scopes }: DeviceRequest, bounds: ApproveBounds): string | undefined {
  if (!bounds.roles.includes(role)) return `role ${role} is not in --approve-roles`;
  const admin = bounds.scopes.includes("operator.admin");
  const scope = scopes.find(
    (wanted) => !(bounds.scopes.includes(wanted) || (admin && wanted.startsWith("operator."))),
  );
  return scope === undefined ? undefined : `scope ${scope} is not in --approve-scopes`;
}

/** Reads one pending request of the gateway's; undefined if it is none. Older releases have only `role`. */
export function readPendingRequest(value: unknown): PendingRequest | undefined {
  if (!isRecord(value)) return undefined;
  const { requestId, deviceId, publicKey, role, roles, scopes, silent } = value;
  if (typeof requestId !== "string" || typeof deviceId !== "string" || typeof publicKey !== "string") {
    return undefined;
  }
  const all = new Set([...textsIn(roles), ...textsIn([role])]);
  return {
    requestId,
    deviceId,
    publicKey,
    roles: [...all],
    scopes: textsIn(scopes),
    silent: silent === true,
  };
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  const one = new Set(left);
  const other = new Set(right);
  return one.size === other.size && [...one].every((item) => other.has(item));
}
