import { isRecord } from "../text/json.ts";
import type { RawData } from "ws";

/** `error` of the gateway's response. */
export interface GatewayError {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
}

/** What a gateway sends. */
export type ServerFrame =
  | { readonly type: "event"; readonly event: string; readonly payload: unknown }
  | { readonly type: "res"; readonly id: string; readonly ok: true; readonly payload: unknown }
  | { readonly type: "res"; readonly id: string; readonly ok: false; readonly error: GatewayError };

/** Reads one of the gateway's text frames (gateway.md section 3). @returns undefined when it is none. */
export function parseFrame(text: string): ServerFrame | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(frame)) return undefined;
  const { type, event, id, ok, payload } = frame;
  if (type === "event" && typeof event === "string") return { type, event, payload };
  if (type !== "res" || typeof id !== "string") return undefined;
  if (ok === true) return { type, id, ok, payload };
  const error = readError(frame["error"]);
  return error && { type, id, ok: false, error };
}

/** The text of a message as `ws` hands it over. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}

function readError(value: unknown): GatewayError | undefined {
  if (!isRecord(value)) return undefined;
  const { code, message, details, retryable, retryAfterMs } = value;
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  return {
    code,
    message,
    ...(isRecord(details) ? { details } : {}),
    ...(typeof retryable === "boolean" ? { retryable } : {}),
    ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
  };
}
