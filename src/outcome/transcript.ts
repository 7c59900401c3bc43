import type { SessionFailure } from "../openclaw/gateway-session.ts";
import {
  readConnectError,
  readErrorType,
  type ConnectRequest,
  type ConnectResponse,
} from "../openclaw/protocol.ts";
import { printable } from "../text/printable.ts";
import type { Side } from "../upstream/splice.ts";

/** Everything seen of one upgrade by the time its outcome is judged. */
export interface Transcript {
  /** The gateway sent its challenge. */
  challenged: boolean;
  connect?: ConnectRequest;
  response?: ConnectResponse;
  /** A message that is not of the gateway's protocol: its sender, and what is wrong. */
  otherProtocol?: { readonly by: Side; readonly reason: string };
  close?: { readonly by: Side; readonly code: number; readonly reason: string };
  http?: { readonly status: number; type?: string };
  unreachable?: { readonly code: string; readonly message: string };
  /** The side that ended first; `deadline` if neither had by then. */
  end?: Side | "deadline";
}

/** Returns the transcript of a failed handshake of the shim's own, to be judged as a client's. */
export function transcriptOf(result: SessionFailure): Transcript {
  const { error, close, http, failure, failureCode } = result;
  const type = http && readErrorType(http.body);
  return {
    challenged: true,
    ...(error && { response: readConnectError(error) }),
    ...(close && { close: { by: "gateway", code: close.code, reason: printable(close.reason, 128) } }),
    ...(http && { http: { status: http.status, ...(type !== undefined && { type }) } }),
    ...(failure !== undefined &&
      !error && {
        unreachable: { code: failureCode ?? printable(failure, 80), message: printable(failure) },
      }),
  };
}
