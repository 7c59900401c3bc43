import type { ConnectRequest, PendingRequest } from "../openclaw/protocol.ts";
import { adminCovers } from "../openclaw/scopes.ts";
import type { ConnectionIds } from "../outcome/outcome.ts";

/** What a device requested in a `connect` that passed this shim's gate. */
export type DeviceRequest = NonNullable<ReturnType<typeof deviceRequest>>;

/**
 * A device that this shim itself saw refused with NOT_PAIRED, on the connection `conn`. `requestId` is what the refusal
 * named, `at` its `performance.now()`.
 */
export interface RefusedDevice extends DeviceRequest, ConnectionIds {
  readonly requestId: string | undefined;
  readonly at: number;
}

/** `--approve-roles` and `--approve-scopes`. */
export type ApproveBounds = Readonly<Record<"roles" | "scopes", readonly string[]>>;

/** The shim does not vouch for an older refusal. */
const SEEN_MS = 60_000;

/** Returns what a device requests, with the gateway's defaults; undefined if the client has no device. */
export function deviceRequest({ deviceId, publicKey, role = "operator", scopes = [] }: ConnectRequest) {
  if (deviceId === undefined || publicKey === undefined) return undefined;
  return { deviceId, publicKey, role, scopes };
}

/**
 * Returns why a pending request may not be approved for a device that was just refused, or undefined if it may: it
 * must be that device's, with the same key, role and scopes, and within bounds. The gateway never changes key, role or
 * scopes under a requestId (OpenClaw `src/infra/device-pairing.ts`): what is compared here is what will be approved.
 *
 * @param now `performance.now()`
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
 * Returns what of a device's request exceeds the bounds, or undefined. `operator.admin` covers every scope of an
 * operator, as in the gateway: 2026.4's CLI requests `operator.talk.secrets` beside it.
 */
export function outOfBounds({ role, scopes }: DeviceRequest, bounds: ApproveBounds): string | undefined {
  if (!bounds.roles.includes(role)) return `role ${role} is not in --approve-roles`;
  const scope = scopes.find((wanted) => !adminCovers(bounds.scopes, wanted));
  return scope === undefined ? undefined : `scope ${scope} is not in --approve-scopes`;
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.every((item) => right.includes(item)) && right.every((item) => left.includes(item));
}
