import { readPendingRequest, type PendingRequest } from "../../openclaw/protocol.ts";
import { isRecord } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";

/** A pending request, with what tells people whose it is. */
export interface PendingDevice extends PendingRequest {
  /** Client id, such as `cli`. */
  readonly client: string | undefined;
  /** Unix time in milliseconds, by the gateway's clock. */
  readonly at: number | undefined;
}

/** A paired device, as far as it is judged here. */
export interface PairedDevice {
  readonly deviceId: string;
  readonly client: string | undefined;
  readonly roles: readonly string[];
  /** What an operator approved. */
  readonly scopes: readonly string[];
}

/** Who waits and who is paired. All texts are printable. */
export interface Devices {
  readonly pending: readonly PendingDevice[];
  readonly paired: readonly PairedDevice[];
}

/** Devices that are looked at; a store has a handful. */
const LIMIT = 1_000;

/**
 * Reads requests or devices from what `device.pair.list` or one of OpenClaw's files holds: a list, or an object keyed
 * by id.
 * @returns undefined where it is neither
 */
export function readPending(value: unknown): readonly PendingDevice[] | undefined {
  return items(value)?.flatMap((item) => {
    const request = readPendingRequest(item);
    if (!request || !isRecord(item)) return [];
    return [
      {
        ...request,
        requestId: printable(request.requestId, 80),
        deviceId: printable(request.deviceId, 80),
        scopes: request.scopes.map((scope) => printable(scope, 64)),
        client: text(item["clientId"]),
        at: typeof item["ts"] === "number" ? item["ts"] : undefined,
      },
    ];
  });
}

/** As `readPending`, for paired devices. */
export function readPaired(value: unknown): readonly PairedDevice[] | undefined {
  return items(value)?.flatMap((item) => {
    if (!isRecord(item)) return [];
    const deviceId = text(item["deviceId"]);
    if (deviceId === undefined) return [];
    return [
      {
        deviceId,
        client: text(item["clientId"]),
        roles: [...new Set([...texts(item["roles"]), ...texts([item["role"]])])],
        scopes: texts(item["approvedScopes"] ?? item["scopes"]),
      },
    ];
  });
}

function items(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value.slice(0, LIMIT);
  return isRecord(value) ? Object.values(value).slice(0, LIMIT) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? printable(value, 80) : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((item) => text(item) ?? []) : [];
}
