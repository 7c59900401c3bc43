import { connectOperator } from "../support/operator.ts";
import { isRecord } from "../../src/text/json.ts";
import type { Gateway } from "./gateway.ts";

/** Pending request ids and paired device ids of a gateway, sorted. */
export interface KnownDevices {
  readonly pending: readonly string[];
  readonly paired: readonly string[];
}

/** Reads the devices of a gateway as an operator, whose own device (`gateway-client`) is not included. */
export async function knownDevices({ url, token }: Pick<Gateway, "url" | "token">): Promise<KnownDevices> {
  const operator = await connectOperator(url, token);
  try {
    const list = await operator.request("device.pair.list");
    const { pending, paired } = isRecord(list) ? list : {};
    return {
      pending: records(pending)
        .map(({ requestId }) => String(requestId))
        .sort(),
      paired: records(paired)
        .filter(({ clientId }) => clientId !== "gateway-client")
        .map(({ deviceId }) => String(deviceId))
        .sort(),
    };
  } finally {
    await operator.close();
  }
}

function records(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((item) => isRecord(item)) : [];
}
