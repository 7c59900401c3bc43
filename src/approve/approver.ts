import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { shellWord, type Advice } from "../errors.ts";
import type { ConnectRequest } from "../openclaw/protocol.ts";
import type { Secret } from "../openclaw/token.ts";
import type { Settings } from "../settings/settings.ts";
import { messageOf, printable } from "../text/printable.ts";
import { GatewayAgent, type Dialer } from "../upstream/dial.ts";

import {
  objection,
  outOfBounds,
  type ApproveBounds,
  type DeviceRequest,
  type RefusedDevice,
} from "./approval-rule.ts";
import { loadIdentity } from "./approver-identity.ts";
import { OperatorLink, type LinkLoss } from "./operator-link.ts";

/** How long a `connect` frame may wait for a stale pending request to be rejected. */
const HOLD_MS = 500;
/** Refused devices remembered while the operator connection is down. */
const WAITING_LIMIT = 256;

/** Credentials of the shim as an operator. */
export interface OperatorResources {
  /** The gateway's token; absent for a gateway without one. */
  readonly token?: Secret | undefined;
  /** Folder of the shim's device identity; without it the gateway sees a new device at every start. */
  readonly stateDirectory?: string | undefined;
}

/**
 * Starts the approver of one shim.
 * @throws Error if the stored identity cannot be used
 */
export async function startApprover(
  settings: Settings,
  logger: Logger,
  dialer: Dialer,
  { token, stateDirectory }: OperatorResources,
): Promise<Approver> {
  const { device, why } = await loadIdentity(stateDirectory);
  if (why !== undefined) logger.warn({ event: "approver.identity", reason: why }, "identity is not kept");
  // The agent's dialer does the TLS, so the URL is the plain one.
  const url = `ws://${settings.gateway.authority}`;
  const link = new OperatorLink({ url, agent: new GatewayAgent(dialer), device, token });
  return new Approver(link, { roles: settings.approveRoles, scopes: settings.approveScopes }, logger);
}

/** Approves devices that this shim itself saw refused (`--approve seen`). Failures are logged; nothing is thrown. */
export class Approver {
  readonly #link: OperatorLink;
  readonly #bounds: ApproveBounds;
  readonly #logger: Logger;
  /** Refused devices, by id, that wait for the operator connection. */
  readonly #waiting = new Map<string, RefusedDevice>();
  /** Decisions in progress, by device id. */
  readonly #deciding = new Map<string, Promise<void>>();
  #lastLoss: string | undefined;

  /** Opens the link and starts approving over it. */
  constructor(link: OperatorLink, bounds: ApproveBounds, logger: Logger) {
    this.#link = link;
    this.#bounds = bounds;
    this.#logger = logger;
    link.on("up", () => this.#onUp());
    link.on("down", (loss) => this.#onDown(loss));
    link.open();
  }

  /**
   * Prepares the gateway for a `connect`: a pending request of the device from an earlier attempt is rejected first, so
   * that the gateway decides afresh; a decision in progress is awaited.
   *
   * @param conn the connection's id
   * @param isSigned returns true if the device has signed the `connect`; otherwise nothing is rejected
   * @returns resolves when the `connect` may go on, at most 500 ms later; undefined if it need not wait
   */
  beforeConnect(conn: string, connect: ConnectRequest, isSigned: () => boolean): Promise<void> | undefined {
    const device = deviceRequest(connect);
    // Out of bounds a person must approve, under a requestId that should not change at every attempt.
    if (!device || !this.#link.up || outOfBounds(device, this.#bounds) !== undefined) return undefined;
    // An immediate retry: rejecting the request that is being approved would undo both.
    const decision = this.#deciding.get(device.deviceId);
    if (decision) return atMost(HOLD_MS, decision);
    const stale = this.#link
      .pendingOf(device.deviceId)
      .filter(({ silent, publicKey }) => !silent && publicKey === device.publicKey)
      .map(({ requestId }) => requestId);
    if (stale.length === 0 || !isSigned()) return undefined;
    return atMost(HOLD_MS, this.#reject(conn, device.deviceId, stale));
  }

  /** Is called when the gateway refused that `connect` with NOT_PAIRED, on a connection that passed the gate. */
  refused(conn: string, connect: ConnectRequest, requestId: string | undefined): void {
    const device = deviceRequest(connect);
    if (!device) return;
    const refused = { ...device, conn, requestId, at: performance.now() };
    if (this.#link.up) this.#begin(refused);
    else if (this.#waiting.size < WAITING_LIMIT || this.#waiting.has(device.deviceId))
      this.#waiting.set(device.deviceId, refused);
    else this.#notApproved(refused, "too many devices wait for the operator connection");
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #onUp(): void {
    this.#logger.info({ event: "approver.up" }, "approver is connected");
    this.#lastLoss = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const refused of waiting) this.#begin(refused);
  }

  #onDown({ reason, advice }: LinkLoss): void {
    // The same reason is logged once.
    if (reason === this.#lastLoss) return;
    this.#lastLoss = reason;
    this.#logger.warn({ event: "approver.down", reason, ...advice }, "approver is not connected");
  }

  #begin(refused: RefusedDevice): void {
    const { deviceId } = refused;
    const decision = this.#decide(refused).finally(() => {
      if (this.#deciding.get(deviceId) === decision) this.#deciding.delete(deviceId);
    });
    this.#deciding.set(deviceId, decision);
  }

  async #decide(refused: RefusedDevice): Promise<void> {
    try {
      const pending = (await this.#link.list()).filter(({ deviceId }) => deviceId === refused.deviceId);
      const judged = pending.map((request) => ({
        requestId: request.requestId,
        why: objection(request, refused, this.#bounds, performance.now()),
      }));
      const fitting = judged.find(({ why }) => why === undefined);
      if (!fitting) {
        const why = judged[0]?.why ?? "the gateway has no pending request of this device";
        return this.#notApproved(refused, why);
      }
      const { requestId } = fitting;
      await this.#link.decide("approve", requestId);
      const fields = { ...named(refused), requestId, reason: "refused here, same request" };
      this.#logger.info({ event: "approved", ...fields }, "approved");
    } catch (error) {
      this.#notApproved(refused, messageOf(error));
    }
    return undefined;
  }

  #notApproved(refused: RefusedDevice, reason: string): void {
    const { requestId } = refused;
    const beyond = outOfBounds(refused, this.#bounds) !== undefined;
    const word = requestId === undefined ? undefined : shellWord(requestId);
    const advice: Advice = {
      fix: `if the device is yours, approve its request${beyond ? ", or widen --approve-roles and --approve-scopes" : ""}`,
      ...(word !== undefined && { command: `openclaw devices approve ${word}` }),
    };
    const fields = { ...named(refused), requestId, reason: printable(reason), ...advice };
    this.#logger.warn({ event: "not-approved", ...fields }, "not approved");
  }

  async #reject(conn: string, deviceId: string, requestIds: readonly string[]): Promise<void> {
    for (const requestId of requestIds) {
      const fields = { conn, requestId, deviceId };
      try {
        await this.#link.decide("reject", requestId);
        const reason = "stale pending request: its device connects now";
        this.#logger.info({ event: "rejected", ...fields, reason }, "rejected");
      } catch (error) {
        const reason = printable(messageOf(error));
        this.#logger.warn({ event: "not-rejected", ...fields, reason }, "not rejected");
      }
    }
  }
}

function deviceRequest({ deviceId, publicKey, role, scopes }: ConnectRequest): DeviceRequest | undefined {
  if (deviceId === undefined || publicKey === undefined) return undefined;
  return { deviceId, publicKey, role: role ?? "operator", scopes: scopes ?? [] };
}

function named({ conn, deviceId, role, scopes }: RefusedDevice): object {
  return { conn, deviceId, role, scopes };
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  await Promise.race([work, sleep(ms, undefined, { ref: false })]);
}
