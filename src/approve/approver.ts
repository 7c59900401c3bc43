import type { Logger } from "pino";
import { word } from "../outcome/fixes.ts";
import type { ConnectRequest, PendingRequest } from "../openclaw/protocol.ts";
import { messageOf, printable } from "../text/printable.ts";
import type { OperatorLink } from "./operator-link.ts";
import {
  objection,
  outOfBounds,
  type ApproveBounds,
  type DeviceRequest,
  type RefusedDevice,
} from "./approval-rule.ts";

/** How long a `connect` frame may wait for a sticky request to be rejected (contract.md, "The way through" 3). */
const HOLD_MS = 500;
/** Refused devices kept while the operator connection is down. */
const WAITING_LIMIT = 256;

/** Vouches for devices that this shim saw (`--approve seen`). */
export interface Approver {
  /**
   * A device is about to send its `connect`. Where a request of that device is pending from before, it is rejected
   * first, so that the gateway decides afresh; one that is being approved is waited for.
   *
   * @param conn the connection's id
   * @param isSigned whether that device has signed the `connect`: for others nothing is done
   * @returns resolves when the `connect` may go on, at most 500 ms later; undefined when it need not wait
   */
  beforeConnect(conn: string, connect: ConnectRequest, isSigned: () => boolean): Promise<void> | undefined;
  /** The gateway answered that `connect` with NOT_PAIRED, on a connection that passed the gate. */
  refused(conn: string, connect: ConnectRequest, requestId: string | undefined): void;
  close(): Promise<void>;
}

/** Starts approving over `link`. Whatever goes wrong is logged; nothing is thrown. */
export function createApprover(link: OperatorLink, bounds: ApproveBounds, logger: Logger): Approver {
  const waiting = new Map<string, RefusedDevice>();
  /** Devices whose refusal is being decided on, and the end of that. */
  const deciding = new Map<string, Promise<void>>();

  let lastWhy: string | undefined;
  link.on("up", () => {
    logger.info({ event: "approver.up" }, "approver is connected");
    lastWhy = undefined;
    for (const refused of takeAll(waiting)) begin(refused);
  });
  link.on("down", (why) => {
    // The same reason every few seconds says nothing new.
    const reason = printable(why);
    if (why !== lastWhy)
      logger.warn({ event: "approver.down", reason, fix: downFix(why) }, "approver is not connected");
    lastWhy = why;
  });
  link.open();

  function begin(refused: RefusedDevice): void {
    const decision = decide(refused).finally(() => {
      if (deciding.get(refused.deviceId) === decision) deciding.delete(refused.deviceId);
    });
    deciding.set(refused.deviceId, decision);
  }

  async function decide(refused: RefusedDevice): Promise<void> {
    try {
      const pending = (await link.list()).filter(({ deviceId }) => deviceId === refused.deviceId);
      const request = pending.find((one) => objection(one, refused, bounds, performance.now()) === undefined);
      if (!request) {
        notApproved(refused, whyNot(pending, refused));
        return;
      }
      await link.approve(request.requestId);
      logger.info(
        {
          event: "approved",
          ...named(refused),
          requestId: request.requestId,
          reason: "refused here, same request",
        },
        "approved",
      );
    } catch (error) {
      notApproved(refused, messageOf(error));
    }
  }

  function whyNot(pending: readonly PendingRequest[], refused: RefusedDevice): string {
    const [first] = pending;
    if (!first) return "the gateway has no pending request of this device";
    return objection(first, refused, bounds, performance.now()) ?? "no request fits";
  }

  function notApproved(refused: RefusedDevice, reason: string): void {
    const { requestId } = refused;
    const approve = `if it is yours: openclaw devices approve ${word(requestId, "<requestId>")}`;
    const beyond = outOfBounds(refused, bounds) !== undefined;
    const fix = beyond ? `${approve}, or widen --approve-roles and --approve-scopes` : approve;
    const why = printable(reason);
    logger.warn({ event: "not-approved", ...named(refused), requestId, reason: why, fix }, "not approved");
  }

  async function rejectAll(conn: string, requests: readonly PendingRequest[]): Promise<void> {
    for (const { requestId, deviceId } of requests) {
      try {
        await link.reject(requestId);
        logger.info(
          { event: "rejected", conn, requestId, deviceId, reason: "sticky: its device connects now" },
          "rejected",
        );
      } catch (error) {
        const reason = printable(String(error));
        logger.warn({ event: "not-rejected", conn, requestId, deviceId, reason }, "not rejected");
      }
    }
  }

  return {
    beforeConnect(conn, connect, isSigned) {
      const device = deviceRequest(connect);
      // Out of bounds a person must approve, under a requestId that should not change at every attempt.
      if (!device || !link.up || outOfBounds(device, bounds) !== undefined) return undefined;
      // A client that tries again at once: to reject what is just being approved would undo both.
      const decision = deciding.get(device.deviceId);
      if (decision) return atMost(HOLD_MS, decision);
      const sticky = link
        .pendingOf(device.deviceId)
        .filter(({ silent, publicKey }) => !silent && publicKey === device.publicKey);
      return sticky.length > 0 && isSigned() ? atMost(HOLD_MS, rejectAll(conn, sticky)) : undefined;
    },
    refused(conn, connect, requestId) {
      const device = deviceRequest(connect);
      if (!device) return;
      const refused = { ...device, conn, requestId, at: performance.now() };
      if (link.up) {
        begin(refused);
        return;
      }
      if (waiting.size < WAITING_LIMIT || waiting.has(device.deviceId)) waiting.set(device.deviceId, refused);
      else notApproved(refused, "too many devices wait for the operator connection");
    },
    close: () => link.close(),
  };
}

/** What mends the operator connection; by itself it tries again. */
function downFix(why: string): string {
  return /unauthorized|token|password/i.test(why)
    ? "the shim's token is not the gateway's: compare --token-file or OPENCLAW_GATEWAY_TOKEN with gateway.auth.token in the gateway's openclaw.json"
    : "it tries again by itself; if it stays, see the gateway's log (openclaw logs --follow)";
}

function deviceRequest({ deviceId, publicKey, role, scopes }: ConnectRequest): DeviceRequest | undefined {
  if (deviceId === undefined || publicKey === undefined) return undefined;
  return { deviceId, publicKey, role: role ?? "operator", scopes: scopes ?? [] };
}

function named({ conn, deviceId, role, scopes }: RefusedDevice): object {
  return { conn, deviceId, role, scopes };
}

function takeAll(waiting: Map<string, RefusedDevice>): RefusedDevice[] {
  const all = [...waiting.values()];
  waiting.clear();
  return all;
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
