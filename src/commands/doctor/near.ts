import type { Device } from "../../openclaw/device.ts";
import type { DialFailure, Dialer } from "../../upstream/dial.ts";
import type { Attempt } from "./attempt.ts";
import { connectAs, uniqueMark, type Connected, type Target } from "./connect.ts";
import type { Credential } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import type { Devices } from "./devices.ts";
import { findInLog } from "./gateway-log.ts";
import { listDevices, type Operator, type TestDevices } from "./test-devices.ts";

/** What the connections straight to the gateway gave. */
export interface Near {
  /** With the token and no device: leaves no trace on any release. */
  readonly plain: Attempt;
  /** With a new device, as a tool's first connection is. */
  readonly direct: Attempt | undefined;
  /** A session that may list, reject and remove, and the devices that it was told of. */
  readonly operator: (Operator & { readonly devices: Devices }) | undefined;
  /** The device of `direct`, where it was paired: it could connect again. */
  readonly paired: Device | undefined;
  close(): Promise<void>;
}

/** Whether anybody takes a connection; where not, why. */
export function reach(dialer: Dialer, deadline: Deadline): Promise<DialFailure | undefined> {
  return new Promise((resolve) => {
    const ms = deadline.for("question");
    const timer = setTimeout(() => {
      cancel();
      resolve({ code: "TIMEOUT", message: `no connection within ${ms} ms` });
    }, ms);
    const cancel = dialer.dial(0, (result) => {
      clearTimeout(timer);
      if ("socket" in result) result.socket.destroy();
      resolve("failure" in result ? result.failure : undefined);
    });
  });
}

/** Connects straight to the gateway, without and with a device. The sessions stay open. */
export async function connectNear(
  gateway: Target,
  credential: Credential,
  devices: TestDevices,
  deadline: Deadline,
): Promise<Near> {
  const plain = await connectAs(gateway, { credential }, deadline);
  const { attempt } = plain;
  // Who has no right token is asked for a device first; every other refusal would be the same with one.
  if (!attempt.connected && attempt.verdict.outcome !== "device-required") {
    return nearOf(plain, plain, undefined, undefined);
  }
  if (deadline.over) return nearOf(plain, undefined, undefined, undefined);
  const device = devices.make();
  const direct = await connectAs(gateway, { credential, device }, deadline);
  devices.note(device, direct, gateway.url);
  const paired = direct.attempt.connected ? device : undefined;
  return nearOf(plain, direct, paired, await findOperator(plain, direct, paired?.id, deadline));
}

/**
 * The runtime that the gateway's log names: a connection without token and device is refused, leaves nothing but a
 * line of the log, and that line has it.
 */
export async function askRuntime(
  gateway: Target,
  { session }: Operator,
  deadline: Deadline,
): Promise<string | undefined> {
  if (deadline.over) return undefined;
  const mark = uniqueMark();
  const { attempt, session: open } = await connectAs(gateway, { mark }, deadline);
  await open?.close();
  return attempt.connected ? undefined : (await findInLog(session, mark, deadline))?.runtime;
}

/** The new device was given every operator scope; without one, 2026.9 leaves them to a local command. */
async function findOperator(
  plain: Connected,
  direct: Connected,
  deviceId: string | undefined,
  deadline: Deadline,
): Promise<Near["operator"]> {
  for (const [{ session }, id] of [[direct, deviceId] as const, [plain, undefined] as const]) {
    const devices = session && (await listDevices(session, deadline));
    if (session && devices) return { session, deviceId: id, devices };
  }
  return undefined;
}

function nearOf(
  plain: Connected,
  direct: Connected | undefined,
  paired: Device | undefined,
  operator: Near["operator"],
): Near {
  return {
    plain: plain.attempt,
    direct: direct?.attempt,
    operator,
    paired,
    close: async () => void (await Promise.all([plain.session?.close(), direct?.session?.close()])),
  };
}
