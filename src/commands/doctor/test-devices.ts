import { createDevice, type Device } from "../../openclaw/device.ts";
import type { GatewaySession } from "../../openclaw/gateway-session.ts";
import { isRecord } from "../../text/json.ts";
import type { Deadline } from "./deadline.ts";
import { readPaired, readPending, type DeviceLists } from "./device-lists.ts";
import { connectAs, type Connected, type Identity, type Target } from "./gateway-client.ts";

/** A test device that a gateway may still know. */
export interface Leftover {
  readonly deviceId: string;
  /** Of its pending request; a paired device has none. */
  readonly requestId?: string;
  /** The URL it connected to, if the operator's gateway does not know it: not yet, or another gateway does. */
  readonly at?: string;
}

/** An attempt along a path; `elsewhere` if another gateway than the operator's responded. */
export type PathAttempt = Omit<Connected, "session"> & { readonly elsewhere: boolean };

/** The devices that this run shows to gateways, and what is left of them there. */
export class TestDevices {
  /** May list, reject and remove devices. Its own test device, if any, is removed last. */
  operator: { readonly session: GatewaySession; readonly device: Device | undefined } | undefined;
  readonly #leftovers = new Map<string, Leftover>();
  readonly #made = new Set<string>();
  readonly #deadline: Deadline;

  constructor(deadline: Deadline) {
    this.#deadline = deadline;
  }

  get leftovers(): readonly Leftover[] {
    return [...this.#leftovers.values()];
  }

  /** Connects with a new device, which counts as a leftover from now on. The caller closes the session. */
  async connect(target: Target, as: Identity): Promise<Connected> {
    const device = createDevice();
    const { id: deviceId } = device;
    this.#made.add(deviceId);
    this.#leftovers.set(deviceId, { deviceId });
    const connected = await connectAs(target, { ...as, device }, this.#deadline);
    const { attempt, sent } = connected;
    if (attempt.connected) return connected;
    const { requestId, verdict } = attempt;
    // Whoever received `connect` may still pair the device.
    const isUndecided = ["gateway-unreachable", "gateway-closed", "abandoned"].includes(verdict.outcome);
    if (requestId !== undefined) this.#leftovers.set(deviceId, { deviceId, requestId });
    else if (sent && isUndecided) this.#leftovers.set(deviceId, { deviceId, at: target.shown ?? target.url });
    else if (!sent || verdict.outcome !== "pairing-required") this.#leftovers.delete(deviceId);
    return connected;
  }

  /**
   * Connects along a path that may lead to another gateway, where only the device can remove itself. Without an
   * operator it shows no device: that could not be removed.
   */
  async connectPath(target: Target, as: Identity): Promise<PathAttempt> {
    const { operator } = this;
    const connected = operator ? await this.connect(target, as) : await connectAs(target, as, this.#deadline);
    const { session, device, ...result } = connected;
    const leftover = device && this.#leftovers.get(device.id);
    const known = leftover && operator && (await this.#list(operator.session));
    let elsewhere = false;
    if (leftover && known && !known.has(leftover.deviceId)) {
      const { deviceId, requestId } = leftover;
      elsewhere = session !== undefined || requestId !== undefined;
      if (session && (await this.#removeOwn(session, deviceId))) this.#leftovers.delete(deviceId);
      else this.#leftovers.set(deviceId, { ...leftover, at: target.shown ?? target.url });
    }
    await session?.close();
    return { ...result, device, elsewhere };
  }

  /**
   * Makes the first connection that may list devices the operator. The gateway grants a new local device every
   * operator scope; without a device, from 2026.8.1 on the CLI alone keeps them.
   * @returns the gateway's devices, without this run's
   */
  async chooseOperator(connections: readonly Connected[]): Promise<DeviceLists | undefined> {
    for (const { session, device } of connections) {
      const lists = session && (await this.#list(session));
      if (!lists) continue;
      this.operator = { session, device };
      const isForeign = (one: { readonly deviceId: string }): boolean => !this.#made.has(one.deviceId);
      return { pending: lists.pending.filter(isForeign), paired: lists.paired.filter(isForeign) };
    }
    return undefined;
  }

  /**
   * Removes this run's devices from the operator's gateway and rejects their requests. A request that was approved
   * meanwhile (by a shim with `--approve seen`) is a device by then. `leftovers` keeps what could not be removed.
   */
  async clear(): Promise<void> {
    if (!this.operator) return;
    const { session, device } = this.operator;
    for (const { deviceId, requestId } of this.leftovers.filter((one) => one.deviceId !== device?.id)) {
      const rejected = requestId !== undefined && (await this.#succeeds(session, "reject", { requestId }));
      if (rejected || (await this.#succeeds(session, "remove", { deviceId })))
        this.#leftovers.delete(deviceId);
    }
    const known = await this.#list(session);
    for (const { deviceId, at } of known ? this.leftovers : []) {
      if (at === undefined && !known?.has(deviceId)) this.#leftovers.delete(deviceId);
    }
    if (device && known?.has(device.id) && (await this.#removeOwn(session, device.id)))
      this.#leftovers.delete(device.id);
  }

  /** Lists the gateway's devices; undefined if this session may not. */
  async #list(session: GatewaySession) {
    const payload = await this.#request(session, "list", {}).catch(() => undefined);
    if (!isRecord(payload)) return undefined;
    const [pending, paired] = [readPending(payload["pending"]), readPaired(payload["paired"])];
    if (!pending || !paired) return undefined;
    const ids = new Set([...pending, ...paired].map(({ deviceId }) => deviceId));
    return { pending, paired, has: (deviceId: string) => ids.has(deviceId) };
  }

  /** Removes the session's own device. Since 2026.4 the gateway then closes its connections with 4001 (measured). */
  async #removeOwn(session: GatewaySession, deviceId: string): Promise<boolean> {
    return this.#request(session, "remove", { deviceId }).then(
      () => true,
      () => session.closeCode === 4001,
    );
  }

  async #succeeds(session: GatewaySession, method: string, params: object): Promise<boolean> {
    return this.#request(session, method, params).then(
      () => true,
      () => false,
    );
  }

  async #request(session: GatewaySession, method: string, params: object): Promise<unknown> {
    const { socket } = session;
    // On a closed session a request would wait for its timeout.
    if (socket.readyState !== socket.OPEN) throw new Error("the session is closed");
    return session.request(`device.pair.${method}`, params, this.#deadline.for("request"));
  }
}
