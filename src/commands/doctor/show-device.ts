import type { IncomingHttpHeaders } from "node:http";
import type { Device } from "../../openclaw/device.ts";
import type { Attempt } from "./attempt.ts";
import { connectAs, type As, type Target } from "./connect.ts";
import type { Credential } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import type { Operator, TestDevices } from "./test-devices.ts";

/** What a way to the gateway is looked at with. */
export interface WayTools {
  readonly credential: Credential;
  readonly devices: TestDevices;
  /** Without one, no device is shown on the way: it could not be removed. */
  readonly operator: Operator | undefined;
  readonly deadline: Deadline;
}

/** How it went. */
export interface Shown {
  readonly attempt: Attempt;
  readonly device: Device | undefined;
  /** Another gateway than the operator's answered. */
  readonly elsewhere: boolean;
  /** Header fields of the answer to the upgrade. */
  readonly headers: IncomingHttpHeaders;
}

/** Connects along a way, with a new device where that can be removed again, and leaves. Never throws. */
export async function showDevice(
  target: Target,
  as: Omit<As, "device">,
  { devices, operator, deadline }: WayTools,
): Promise<Shown> {
  const device = operator && devices.make();
  const connected = await connectAs(target, { ...as, ...(device && { device }) }, deadline);
  const url = target.shown ?? target.url;
  const elsewhere =
    device !== undefined &&
    operator !== undefined &&
    (await devices.noteFar(device, connected, url, operator, deadline));
  await connected.session?.close();
  return { attempt: connected.attempt, device, elsewhere, headers: connected.headers };
}
