import { createDevice } from "../../openclaw/device.ts";
import type { GatewaySession } from "../../openclaw/gateway-session.ts";
import { shownValue } from "../../settings/settings-error.ts";
import { fieldsOf } from "../../text/json.ts";
import { connectAs, timeFor, type Attempt, type Deadline, type Target } from "./gateway-attempt.ts";
import { readPaired, readPending, readWaitingNodes, type DeviceLists } from "./openclaw-files.ts";
import type { Credential } from "./tool-urls.ts";

/** A test device that a gateway may still know. */
interface Leftover {
  readonly deviceId: string;
  /** Of its pending request; a paired device has none. */
  readonly requestId: string | undefined;
  /** The URL it connected to, if the operator's gateway does not know it: not yet, or another gateway does. */
  readonly at?: string;
}

/** The devices that this run shows to gateways, and what is left of them there. */
export class TestDevices {
  /** May list, reject and remove devices. */
  operator: GatewaySession | undefined;
  readonly #leftovers = new Map<string, Leftover>();
  readonly #deadline: Deadline;

  constructor(deadline: Deadline) {
    this.#deadline = deadline;
  }

  /** Connects with a new device. The caller closes the session. */
  async connect(target: Target, credential: Credential | undefined): Promise<Attempt> {
    const device = createDevice();
    const { id: deviceId } = device;
    const attempt = await connectAs({ ...target, device }, credential, this.#deadline);
    const { connected, outcome, requestId, sent, beyondCeiling } = attempt;
    // Whoever received `connect` may still pair the device.
    const isUndecided =
      sent && !beyondCeiling && ["gateway-unreachable", "gateway-closed", "abandoned"].includes(outcome);
    if (connected || outcome === "pairing-required" || isUndecided)
      this.#leftovers.set(deviceId, { deviceId, requestId });
    return attempt;
  }

  /**
   * Connects along a path that may lead to another gateway, where only the device can remove itself. Without an
   * operator it shows no device: that could not be removed. `elsewhere`: another gateway than the operator's responded.
   */
  async connectPath(target: Target, credential: Credential | undefined) {
    const { operator } = this;
    const attempt = operator
      ? await this.connect(target, credential)
      : await connectAs(target, credential, this.#deadline);
    const { session, requestId, device } = attempt;
    const deviceId = device?.id ?? "";
    const lists = operator && this.#leftovers.has(deviceId) ? await this.#list(operator) : undefined;
    const isUnknown = lists !== undefined && !isIn(lists, deviceId);
    if (isUnknown && session && (await this.#request(session, "device.pair.remove", { deviceId })))
      this.#leftovers.delete(deviceId);
    else if (isUnknown)
      this.#leftovers.set(deviceId, { deviceId, requestId, at: shownValue(target.url).replace(/\/$/, "") });
    await session?.close();
    return { ...attempt, elsewhere: isUnknown && (session ?? requestId) !== undefined };
  }

  /**
   * Makes an attempt the operator if it may list devices, and else closes its session. The gateway grants a new local
   * device every operator scope; without a device, the CLI keeps them from 2026.7.1 on.
   * @returns the gateway's devices, without this run's
   */
  async chooseOperator({ session }: Pick<Attempt, "session">): Promise<DeviceLists | undefined> {
    const lists = await this.#list(session);
    if (!lists) {
      await session?.close();
      return undefined;
    }
    this.operator = session;
    const isForeign = (one: { readonly deviceId: string }): boolean => !this.#leftovers.has(one.deviceId);
    return { pending: lists.pending.filter(isForeign), paired: lists.paired.filter(isForeign) };
  }

  /** Lists the nodes whose commands wait for approval; none without an operator. */
  async waitingNodes() {
    return readWaitingNodes(fieldsOf(await this.#request(this.operator, "node.list", {}))["nodes"]);
  }

  /** Removes this run's devices from the operator's gateway and rejects their requests. Returns the others. */
  async clear(): Promise<readonly Leftover[]> {
    const { operator } = this;
    // The operator's own device, the first of all, is removed last.
    for (const { deviceId, requestId, at } of operator ? [...this.#leftovers.values()].toReversed() : []) {
      // A request that was approved meanwhile (by a shim with `--approve seen`) is a device by then.
      const isRemoved =
        (requestId !== undefined && (await this.#request(operator, "device.pair.reject", { requestId }))) ||
        (await this.#request(operator, "device.pair.remove", { deviceId }));
      const lists = isRemoved || at !== undefined ? undefined : await this.#list(operator);
      if (isRemoved || (lists && !isIn(lists, deviceId))) this.#leftovers.delete(deviceId);
    }
    return [...this.#leftovers.values()];
  }

  /** Lists the gateway's devices; undefined if this session may not. */
  async #list(session: GatewaySession | undefined): Promise<DeviceLists | undefined> {
    const payload = fieldsOf(await this.#request(session, "device.pair.list", {}));
    const [pending, paired] = [readPending(payload["pending"]), readPaired(payload["paired"])];
    return pending && paired && { pending, paired };
  }

  /** Returns the payload, or true if there is none; undefined if the request fails. */
  async #request(session: GatewaySession | undefined, method: string, params: object): Promise<unknown> {
    // On a closed session a request would wait for its timeout.
    if (session?.closeCode !== undefined) return undefined;
    const payload = session?.request(method, params, timeFor("request", this.#deadline));
    // Since 2026.4 the gateway closes the connections of a device that removes itself, with 4001 (measured).
    return payload?.then((value) => value ?? true).catch(() => session?.closeCode === 4001 || undefined);
  }
}

function isIn({ pending, paired }: DeviceLists, id: string): boolean {
  return [...pending, ...paired].some(({ deviceId }) => deviceId === id);
}
