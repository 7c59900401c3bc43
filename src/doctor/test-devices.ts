import { GatewayRequestError, type GatewaySession } from "../client/session.ts";
import { isRecord } from "../json.ts";
import { createDevice, type Device } from "../pairing/device.ts";
import type { Verdict } from "../pairing/outcome.ts";
import type { Attempt } from "./attempt.ts";
import type { Deadline } from "./deadline.ts";
import { readPaired, readPending, type Devices } from "./devices.ts";

const REQUEST_MS = 2_000;

/** A device of this run that the gateway may still know, or a request of it that may still be pending. */
export interface Left {
  readonly deviceId: string;
  /** Of a pending request; a paired device has none. */
  readonly requestId?: string;
}

/** An operator's session, and the device that it was made with, which goes last. */
export interface Operator {
  readonly session: GatewaySession;
  readonly deviceId: string | undefined;
}

/** The devices that this run shows to the gateway, and what became of them. */
export class TestDevices {
  readonly #left = new Map<string, Left>();
  readonly #made = new Set<string>();

  /** What the gateway may still know. */
  get left(): readonly Left[] {
    return [...this.#left.values()];
  }

  /** Whether a device is one of this run's. */
  made(deviceId: string): boolean {
    return this.#made.has(deviceId);
  }

  /** A device that no gateway has seen. It counts as left from now on, whatever becomes of this process. */
  make(): Device {
    const device = createDevice();
    this.#made.add(device.id);
    this.#left.set(device.id, { deviceId: device.id });
    return device;
  }

  /** Takes note of how a connection of the device went: only one that paired it or made a request leaves anything. */
  note({ id: deviceId }: Device, attempt: Attempt): void {
    if (attempt.connected) return;
    const { requestId, verdict } = attempt;
    if (requestId !== undefined) this.#left.set(deviceId, { deviceId, requestId });
    else if (leavesNothing(verdict)) this.#left.delete(deviceId);
  }

  /**
   * Removes this run's devices from the gateway, and rejects their requests. A request that somebody just approved
   * (a shim with `--approve seen`) is a device by then. What stays in `left` could not be removed.
   */
  async clear({ session, deviceId: own }: Operator, deadline: Deadline): Promise<void> {
    for (const left of this.left) if (left.deviceId !== own) await removeOther(session, left, deadline);
    const devices = await listDevices(session, deadline);
    if (!devices) return;
    const known = new Set([...devices.pending, ...devices.paired].map(({ deviceId }) => deviceId));
    for (const { deviceId } of this.left) if (!known.has(deviceId)) this.#left.delete(deviceId);
    if (own !== undefined && known.has(own) && (await removeOwn(session, own, deadline)))
      this.#left.delete(own);
  }
}

/** Asks the gateway who waits and who is paired. @returns undefined where it does not tell this session */
export async function listDevices(session: GatewaySession, deadline: Deadline): Promise<Devices | undefined> {
  try {
    const payload = await request(session, "device.pair.list", {}, deadline);
    if (!isRecord(payload)) return undefined;
    const [pending, paired] = [readPending(payload["pending"]), readPaired(payload["paired"])];
    return pending && paired && { pending, paired };
  } catch {
    return undefined;
  }
}

/** Refused before the gateway looked at the device; who did not wait for the answer cannot tell. */
function leavesNothing({ outcome, reason = "" }: Verdict): boolean {
  if (outcome === "gateway-unreachable") return !reason.startsWith("no answer");
  return !["pairing-required", "abandoned", "gateway-closed"].includes(outcome);
}

async function removeOther(session: GatewaySession, left: Left, deadline: Deadline): Promise<void> {
  const { deviceId, requestId } = left;
  const rejected =
    requestId !== undefined && (await asked(session, "device.pair.reject", { requestId }, deadline));
  if (!rejected) await asked(session, "device.pair.remove", { deviceId }, deadline);
}

// Since 2026.4 the gateway closes the connections of a device that it removes, with 4001 "device removed" (measured).
async function removeOwn(session: GatewaySession, deviceId: string, deadline: Deadline): Promise<boolean> {
  try {
    await request(session, "device.pair.remove", { deviceId }, deadline);
    return true;
  } catch (error) {
    return !(error instanceof GatewayRequestError) && /\(4001\)/.test(String(error));
  }
}

async function asked(
  session: GatewaySession,
  method: string,
  params: object,
  deadline: Deadline,
): Promise<boolean> {
  try {
    await request(session, method, params, deadline);
    return true;
  } catch {
    return false; // whether it is still there is seen in the list
  }
}

/** A request that does not wait for the answer of a session that is closed. */
async function request(
  session: GatewaySession,
  method: string,
  params: object,
  deadline: Deadline,
): Promise<unknown> {
  const { socket } = session;
  if (socket.readyState !== socket.OPEN) throw new Error(`${method}: the session is closed`);
  return session.request(method, params, deadline.within(REQUEST_MS));
}
