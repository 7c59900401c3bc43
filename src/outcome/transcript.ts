import type { HandshakeResult } from "../openclaw/connect.ts";
import {
  readConnectError,
  readErrorType,
  type ConnectRequest,
  type ConnectResponse,
} from "../openclaw/protocol.ts";
import { printable } from "../text/printable.ts";
import type { Side } from "../upstream/splice.ts";

export type { ClientInfo, ConnectRequest, ConnectResponse as ConnectAnswer } from "../openclaw/protocol.ts";

/** Everything that was seen of one upgrade, by the time its outcome is judged. */
export interface Transcript {
  challenged: boolean;
  connect?: ConnectRequest;
  answer?: ConnectResponse;
  /** Why this is not the gateway protocol. */
  foreign?: string;
  /** Whose message was none of it. */
  foreignBy?: Side;
  close?: { readonly by: Side; readonly code: number; readonly reason: string };
  http?: { readonly status: number; type?: string };
  unreachable?: { readonly code: string; readonly message: string };
  /** The side that ended first, once one has; `deadline` where both still stand after too long. */
  end?: Side | "deadline";
}

/** Returns the transcript of a handshake of our own that failed, to be judged as a client's. */
export function transcriptOf(result: Extract<HandshakeResult, { ok: false }>): Transcript {
  const { error, close, http, failure, failureCode } = result;
  const type = http && readErrorType(http.body);
  return {
    challenged: true,
    ...(error && { answer: readConnectError(error) }),
    ...(close && { close: { by: "gateway", code: close.code, reason: printable(close.reason, 128) } }),
    ...(http && { http: { status: http.status, ...(type !== undefined && { type }) } }),
    ...(failure !== undefined &&
      !error && {
        unreachable: { code: failureCode ?? printable(failure, 80), message: printable(failure) },
      }),
  };
}
