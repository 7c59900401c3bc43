import { GatewayClosedError, type GatewaySession } from "../../openclaw/session.ts";
import { isRecord } from "../../text/json.ts";
import { createDevice, type Device } from "../../openclaw/device.ts";
import type { Verdict } from "../../outcome/outcome.ts";
import type { Connected } from "./connect.ts";
import type { Deadline } from "./deadline.ts";
import { readPaired, readPending, type Devices } from "./devices.ts";

/** A device of this run that a gateway may still know, or a request of it that may still be pending. */
export interface Left {
  readonly deviceId: string;
  /** Of a pending request; a paired device has none. */
  readonly requestId?: string;
  /** The URL that it was shown at, where this machine's gateway does not know it: not yet, or it is another one's. */
  readonly at?: string;
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

  /** What a gateway may still know. */
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

  /** Takes note of how a connection of the device to `url` went. */
  note({ id: deviceId }: Device, { attempt, sent }: Connected, url: string): void {
    if (attempt.connected) return;
    const { requestId, verdict } = attempt;
    if (requestId !== undefined) this.#left.set(deviceId, { deviceId, requestId });
    else if (!sent || isRefusal(verdict)) this.#left.delete(deviceId);
    // Whoever got it may pair it after this run.
    else if (verdict.outcome !== "pairing-required") this.#left.set(deviceId, { deviceId, at: url });
  }

  /**
   * As `note`, for a way that may lead to another gateway than the operator's: there the device can only remove
   * itself.
   * @returns whether the operator's gateway does not know of what was answered: then it was another one
   */
  async noteFar(
    device: Device,
    connected: Connected,
    url: string,
    operator: Operator,
    deadline: Deadline,
  ): Promise<boolean> {
    this.note(device, connected, url);
    const left = this.#left.get(device.id);
    const known = left && (await listDevices(operator.session, deadline));
    if (!known || ids(known).has(device.id)) return false;
    const { session } = connected;
    if (session && (await removeOwn(session, device.id, deadline))) this.#left.delete(device.id);
    else this.#left.set(device.id, { ...left, at: url });
    return session !== undefined || left.requestId !== undefined;
  }

  /**
   * Removes this run's devices from the gateway, and rejects their requests. A request that somebody just approved
   * (a shim with `--approve seen`) is a device by then. What stays in `left` could not be removed.
   */
  async clear({ session, deviceId: own }: Operator, deadline: Deadline): Promise<void> {
    for (const left of this.left.filter(({ deviceId }) => deviceId !== own)) {
      if (await removeOther(session, left, deadline)) this.#left.delete(left.deviceId);
    }
    const devices = await listDevices(session, deadline);
    if (!devices) return;
    const known = ids(devices);
    for (const { deviceId, at } of this.left) {
      if (at === undefined && !known.has(deviceId)) this.#left.delete(deviceId);
    }
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

/** Whether the gateway answered, and did not look at the device or would not have it. */
function isRefusal({ outcome }: Verdict): boolean {
  return !["pairing-required", "gateway-unreachable", "gateway-closed", "abandoned"].includes(outcome);
}

function ids({ pending, paired }: Devices): ReadonlySet<string> {
  return new Set([...pending, ...paired].map(({ deviceId }) => deviceId));
}

async function removeOther(session: GatewaySession, left: Left, deadline: Deadline): Promise<boolean> {
  const { deviceId, requestId } = left;
  const rejected =
    requestId !== undefined && (await asked(session, "device.pair.reject", { requestId }, deadline));
  return rejected || asked(session, "device.pair.remove", { deviceId }, deadline);
}

// Since 2026.4 the gateway closes the connections of a device that it removes, with 4001 "device removed" (measured).
async function removeOwn(session: GatewaySession, deviceId: string, deadline: Deadline): Promise<boolean> {
  try {
    await request(session, "device.pair.remove", { deviceId }, deadline);
    return true;
  } catch (error) {
    return error instanceof GatewayClosedError && error.code === 4001;
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
    return false; // it is not there, or the list tells that it is
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
  return session.request(method, params, deadline.for("question"));
}
