import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { outcomeAdvice } from "../errors.ts";
import { isLoopbackAddress } from "../net/ip-address.ts";
import { isSignedConnect } from "../openclaw/device.ts";
import { openSession } from "../openclaw/gateway-session.ts";
import type { ConnectRequest, PendingRequest } from "../openclaw/protocol.ts";
import { OPERATOR_SCOPES } from "../openclaw/scopes.ts";
import type { OperatorResources } from "../openclaw/token.ts";
import type { ConnectionIds } from "../outcome/outcome.ts";
import type { ConnectHook } from "../outcome/upgrade-session.ts";
import type { Settings } from "../settings/settings.ts";
import { messageOf, printable } from "../text/printable.ts";
import type { Dialer } from "../upstream/dial.ts";
import { GatewayAgent } from "../upstream/gateway-agent.ts";
import { deviceRequest, objection, outOfBounds } from "./approval-rule.ts";
import type { ApproveBounds, RefusedDevice } from "./approval-rule.ts";
import { loadIdentity } from "./approver-identity.ts";
import { GatewayUser } from "./gateway-user.ts";
import { OperatorLink } from "./operator-link.ts";

/** How long a `connect` frame may wait for a stale pending request to be rejected. */
const HOLD_MS = 500;
/** Refused devices remembered while the operator connection is down. */
const WAITING_LIMIT = 256;

/** Bytes of a message of the gateway: the list of devices and requests. The default of ws is 100 MiB. */
const MESSAGE_LIMIT = 4 * 1024 * 1024;

/** Starts the approver of one shim. @throws Error if the stored identity cannot be used */
export async function startApprover(
  settings: Settings,
  logger: Logger,
  dialer: Dialer,
  { token, stateDirectory, gatewayOwner }: OperatorResources,
  onApproved: (requestId: string) => void,
): Promise<Approver> {
  const { gateway, approveRoles: roles, approveScopes: scopes } = settings;
  const { device, why } = await loadIdentity(stateDirectory);
  if (why !== undefined) logger.warn({ event: "approver.identity", reason: why }, "identity is not kept");
  const agent = new GatewayAgent(dialer);
  const user = new GatewayUser(gatewayOwner, stateDirectory);
  // A pinned certificate proves more, and a process on another machine has no user here.
  const isChecked = gateway.fingerprint === undefined && isLoopbackAddress(gateway.host);
  const link = new OperatorLink((signal) =>
    openSession({
      url: `ws://${gateway.authority}`, // the agent's dialer does the TLS
      device,
      token: token?.reveal(),
      client: { id: "gateway-client", mode: "backend" },
      scopes: OPERATOR_SCOPES,
      signal,
      ws: { agent, maxPayload: MESSAGE_LIMIT },
      ...(isChecked && token && { distrust: (socket) => user.objection(socket) }),
    }),
  );
  return new Approver(link, { roles, scopes }, logger, onApproved, () => user.accepted());
}

/** Approves devices that this shim itself saw refused (`--approve seen`). Failures are logged; nothing is thrown. */
export class Approver {
  readonly #link: OperatorLink;
  readonly #bounds: ApproveBounds;
  readonly #logger: Logger;
  readonly #onApproved: (requestId: string) => void;
  /** Number of decisions since start, by the event that reports them. */
  readonly decisions = new Map<string, number>();
  /** Refused devices, by id, that wait for the operator connection. */
  readonly #waiting = new Map<string, RefusedDevice>();
  /** Decisions in progress, by device id. */
  readonly #deciding = new Map<string, Promise<void>>();

  /**
   * Opens the link and starts approving over it.
   *
   * @param onApproved is called with each approved request
   * @param onAccepted is called each time the gateway accepted the token
   */
  constructor(
    link: OperatorLink,
    bounds: ApproveBounds,
    logger: Logger,
    onApproved: (requestId: string) => void = () => {},
    onAccepted = () => {},
  ) {
    this.#link = link;
    this.#bounds = bounds;
    this.#logger = logger;
    this.#onApproved = onApproved;
    link.open(
      () => {
        onAccepted();
        this.#onUp();
      },
      (reason, advice) =>
        logger.warn({ event: "approver.down", reason, ...advice }, "approver is not connected"),
    );
  }

  /**
   * Prepares the gateway for a `connect`: a pending request of the device from an earlier attempt is rejected first, so
   * that the gateway decides afresh; a decision in progress is awaited. Nothing is rejected unless the device has
   * signed this `connect`: any client can name a device.
   *
   * @returns resolves when the `connect` may go on, at most 500 ms later; undefined if it need not wait
   */
  beforeConnect(
    ...[ids, connect, frame, nonce]: Parameters<ConnectHook["beforeConnect"]>
  ): Promise<void> | undefined {
    const device = deviceRequest(connect);
    // Out of bounds a person must approve, under a requestId that should not change at every attempt.
    if (!device || !this.#link.up || outOfBounds(device, this.#bounds) !== undefined) return undefined;
    // An immediate retry: rejecting the request that is being approved would undo both.
    const decision = this.#deciding.get(device.deviceId);
    if (decision) return atMost(HOLD_MS, decision);
    const stale = this.#link
      .pendingOf(device.deviceId)
      .filter(({ silent, publicKey }) => !silent && publicKey === device.publicKey);
    if (stale.length === 0 || !isSignedConnect(frame, nonce)) return undefined;
    return atMost(HOLD_MS, this.#reject(ids, stale));
  }

  /** Is called when the gateway refused that `connect` with NOT_PAIRED, on a connection that passed the gate. */
  refused({ conn, traceId }: ConnectionIds, connect: ConnectRequest, requestId: string | undefined): void {
    const device = deviceRequest(connect);
    if (!device) return;
    const refused = { ...device, conn, traceId, requestId, at: performance.now() };
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
    for (const refused of this.#waiting.values()) this.#begin(refused);
    this.#waiting.clear();
  }

  #begin(refused: RefusedDevice): void {
    const { deviceId } = refused;
    const decision = this.#decide(refused).finally(() => {
      if (this.#deciding.get(deviceId) === decision) this.#deciding.delete(deviceId);
    });
    this.#deciding.set(deviceId, decision);
  }

  async #decide(refused: RefusedDevice): Promise<void> {
    const { conn, traceId, deviceId, role, scopes, requestId } = refused;
    try {
      const pending = await this.#link.list();
      const request = pending.find((one) => one.requestId === requestId);
      if (!request) throw new Error("the gateway has no such pending request");
      const why = objection(request, refused, this.#bounds, performance.now());
      if (why !== undefined) throw new Error(why);
      await this.#link.decide("approve", request.requestId);
      const reason = "refused here, same request";
      this.#report("info", { event: "approved", conn, traceId, deviceId, role, scopes, requestId, reason });
      this.#onApproved(request.requestId);
    } catch (error) {
      this.#notApproved(refused, messageOf(error));
    }
  }

  #notApproved(refused: RefusedDevice, why: string): void {
    const { conn, traceId, deviceId, role, scopes, requestId } = refused;
    const beyond = outOfBounds(refused, this.#bounds) !== undefined;
    const fix = `if the device is yours, approve its request${beyond ? ", or widen --approve-roles and --approve-scopes" : ""}`;
    const { command } = outcomeAdvice("pairing-required", requestId);
    const line = { conn, traceId, deviceId, role, scopes, requestId, reason: printable(why), fix, command };
    this.#report("warn", { event: "not-approved", ...line });
  }

  async #reject({ conn, traceId }: ConnectionIds, stale: readonly PendingRequest[]): Promise<void> {
    for (const { requestId, deviceId } of stale) {
      const line = { conn, traceId, requestId, deviceId };
      try {
        await this.#link.decide("reject", requestId);
        const reason = "stale pending request: its device connects now";
        this.#report("info", { event: "rejected", ...line, reason });
      } catch (error) {
        const reason = printable(messageOf(error));
        this.#report("warn", { event: "not-rejected", ...line, reason });
      }
    }
  }

  /** Counts a decision, and logs it. */
  #report(level: "info" | "warn", line: Readonly<{ event: string; [field: string]: unknown }>): void {
    const { event } = line;
    this.decisions.set(event, (this.decisions.get(event) ?? 0) + 1);
    this.#logger[level](line, event.replace("-", " "));
  }
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  await Promise.race([work, sleep(ms, undefined, { ref: false })]);
}
