import type { ConnectRequest, ConnectResponse } from "../openclaw/protocol.ts";
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
