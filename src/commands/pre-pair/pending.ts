import { isRecord } from "../../text/json.ts";

/** What is left of the pending requests, and the ids of those that went. */
export interface PendingRequests {
  readonly value: unknown;
  readonly removed: readonly string[];
}

/**
 * Takes a device's requests out of the content of `devices/pending.json`: an object keyed by request id, in some
 * releases an array. All else stays as it is.
 * @returns undefined when the content is neither
 */
export function withoutRequestsOf(deviceId: string, value: unknown): PendingRequests | undefined {
  if (Array.isArray(value)) {
    const requests: readonly unknown[] = value;
    return {
      value: requests.filter((request) => !isOf(deviceId, request)),
      removed: requests.filter((request) => isOf(deviceId, request)).map((request) => requestId(request, "")),
    };
  }
  if (!isRecord(value)) return undefined;
  const entries = Object.entries(value);
  return {
    value: Object.fromEntries(entries.filter(([, request]) => !isOf(deviceId, request))),
    removed: entries
      .filter(([, request]) => isOf(deviceId, request))
      .map(([key, request]) => requestId(request, key)),
  };
}

function isOf(deviceId: string, request: unknown): boolean {
  return (
    isRecord(request) && typeof request["deviceId"] === "string" && request["deviceId"].trim() === deviceId
  );
}

function requestId(request: unknown, otherwise: string): string {
  return isRecord(request) && typeof request["requestId"] === "string" ? request["requestId"] : otherwise;
}
