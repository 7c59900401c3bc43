import { readPendingRequest, type PendingRequest } from "../../openclaw/protocol.ts";
import { isRecord, textsIn } from "../../text/json.ts";

/** A pending request with its client's id and its time: Unix time in ms, by the gateway's clock. */
export interface PendingDevice extends PendingRequest {
  readonly client: string | undefined;
  readonly at: number | undefined;
}

/** A paired device with the scopes that an operator approved. */
export interface PairedDevice {
  readonly deviceId: string;
  readonly client: string | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

/** The gateway's pending and paired devices. Texts are as received. */
export interface DeviceLists {
  readonly pending: readonly PendingDevice[];
  readonly paired: readonly PairedDevice[];
}

/** A store has a handful. */
const LIMIT = 1_000;

/**
 * Reads the requests of `device.pair.list` or of a file of OpenClaw's: a list, or an object keyed by id.
 * @returns undefined if it is neither
 */
export function readPending(value: unknown): readonly PendingDevice[] | undefined {
  return items(value)?.flatMap((item) => {
    const request = readPendingRequest(item);
    const at = typeof item["ts"] === "number" ? item["ts"] : undefined;
    return request ? Object.assign(request, { client: text(item["clientId"]), at }) : [];
  });
}

/** Reads paired devices as `readPending` reads requests. */
export function readPaired(value: unknown): readonly PairedDevice[] | undefined {
  return items(value)?.flatMap((item) => {
    const deviceId = text(item["deviceId"]);
    if (deviceId === undefined) return [];
    const roles = [...new Set([...textsIn(item["roles"]), ...textsIn([item["role"]])])];
    const scopes = textsIn(item["approvedScopes"] ?? item["scopes"]);
    return { deviceId, client: text(item["clientId"]), roles, scopes };
  });
}

function items(value: unknown): Readonly<Record<string, unknown>>[] | undefined {
  if (!Array.isArray(value) && !isRecord(value)) return undefined;
  return Object.values(value).slice(0, LIMIT).filter(isRecord);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
