import type { Advice } from "../text/advice.ts";
import type { HeaderChange } from "../headers/normalize.ts";
import { readConnectError, readErrorType } from "../openclaw/protocol.ts";
import type {
  ClientInfo,
  ConnectError,
  ConnectRequest,
  ConnectResponse,
  SessionFailure,
} from "../openclaw/protocol.ts";
import { coversScope } from "../openclaw/scopes.ts";
import { withoutUndefined } from "../text/json.ts";
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

/** How a request for a WebSocket can end. */
export type OutcomeName =
  | "connected"
  | "pairing-required"
  | "device-required"
  | "device-invalid"
  | "unauthorized"
  | "rate-limited"
  | "origin-rejected"
  | "protocol-mismatch"
  | "gateway-starting"
  | "gateway-refused"
  | "gateway-unreachable"
  | "gateway-closed"
  | "abandoned"
  | "denied"
  | "not-gateway-protocol";

/** An outcome and its reason: the gateway's own code where it has one. */
export interface Verdict {
  readonly outcome: OutcomeName;
  readonly reason?: string | undefined;
  /** Scopes that a connected operator requested and was not granted; the reason is then `scopes-missing`. */
  readonly missingScopes?: readonly string[] | undefined;
}

/** What every log line about a connection has. */
export interface ConnectionIds {
  /** Id of the connection. */
  readonly conn: string;
  /** The trace ID of its request's `traceparent`, if that is valid (W3C Trace Context). */
  readonly traceId?: string | undefined;
}

/** The outcome line: what is logged, stored and passed to `shim.on("outcome", …)`. It has advice unless all is well. */
export interface Outcome extends Verdict, ConnectionIds {
  /** When it was reported, in ISO 8601. */
  readonly time: string;
  readonly event: "pairing.outcome";
  readonly requestId?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly client?: ClientInfo | undefined;
  readonly role?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly grantedScopes?: readonly string[] | undefined;
  /** The gateway gave this device a token of its own. The token itself is not stored. */
  readonly deviceToken?: "issued" | undefined;
  readonly gateway?:
    | { readonly version?: string | undefined; readonly protocol?: number | undefined }
    | undefined;
  readonly close?: { readonly code: number; readonly reason: string } | undefined;
  /** The HTTP response to the upgrade: the gateway's, or the shim's own if the outcome is `denied`. */
  readonly http?: { readonly status: number; readonly type?: string | undefined } | undefined;
  readonly peer: string;
  /** Without the query. */
  readonly path: string;
  /** What the shim changed. */
  readonly normalized: {
    readonly host?: HeaderChange | undefined;
    readonly origin?: HeaderChange | undefined;
    readonly stripped: Readonly<Record<string, string>>;
  };
  /** A stripped field named a client on the public internet. */
  readonly publicForwarded?: true | undefined;
  /** This device connected here for the first time since the shim started. */
  readonly firstSeen?: true | undefined;
  readonly fix?: Advice["fix"] | undefined;
  readonly command?: Advice["command"];
  /** From the acceptance of the connection to this outcome, in ms; for a later request of it, from its request head. */
  readonly ms: number;
}

/** Client version of doctor's own connections: its prefix marks them in outcomes. */
export const DOCTOR = "openclaw-shim-doctor/";

/** `details.code` or `error.code` to outcome; the first row that matches decides (docs/gateway.md section 3). */
const CODES: readonly (readonly [pattern: RegExp, outcome: OutcomeName])[] = [
  [/^PAIRING_REQUIRED$/, "pairing-required"],
  [/DEVICE_IDENTITY_REQUIRED$/, "device-required"],
  [/^DEVICE_AUTH_/, "device-invalid"],
  [/RATE_LIMITED$/, "rate-limited"],
  [/ORIGIN_NOT_ALLOWED$/, "origin-rejected"],
  [/^PROTOCOL_MISMATCH$|BUILD_MISMATCH$/, "protocol-mismatch"],
  [/^AUTH_|^UNAUTHORIZED$/, "unauthorized"],
];

/** The same for the text of an error message or a close reason: older releases send nothing else. */
const WORDS: readonly (readonly [pattern: RegExp, outcome: OutcomeName])[] = [
  [/device identity (?:is )?required|secure context/i, "device-required"],
  [/pairing required/i, "pairing-required"],
  [/device (?:identity|signature|nonce|public key|auth|id)\b/i, "device-invalid"],
  [/rate.?limit|too many (?:failed|attempts)/i, "rate-limited"],
  [/origin not allowed/i, "origin-rejected"],
  [/protocol mismatch/i, "protocol-mismatch"],
  [/unauthorized|token mismatch|token missing|password mismatch|password missing/i, "unauthorized"],
  [/starting|startup|unavailable/i, "gateway-starting"],
];

/** Returns the transcript of a failed handshake of the shim's own, to be judged as a client's. */
export function transcriptOf({ error, close, http, failure, failureCode }: SessionFailure): Transcript {
  const isUnreachable = failure !== undefined && !error;
  return withoutUndefined({
    challenged: true,
    response: error && readConnectError(error),
    close: close && { by: "gateway" as const, code: close.code, reason: printable(close.reason, 128) },
    http: http && withoutUndefined({ status: http.status, type: readErrorType(http.body) }),
    unreachable: isUnreachable
      ? { code: failureCode ?? printable(failure, 80), message: printable(failure) }
      : undefined,
  });
}

/** Returns the one outcome of a transcript. Pure and total: every transcript, complete or not, has exactly one. */
export function judge(transcript: Transcript): Verdict {
  const { unreachable, http, response, otherProtocol, close, end } = transcript;
  if (unreachable) return { outcome: "gateway-unreachable", reason: unreachable.code };
  if (http) return { outcome: "gateway-refused", reason: http.type ?? `HTTP ${http.status}` };
  if (response?.ok === true) return judgeScopes(response, transcript.connect);
  if (response?.ok === false) return judgeRefusal(response, close?.reason);
  if (otherProtocol) return { outcome: "not-gateway-protocol", reason: otherProtocol.reason };
  if (close) return judgeClose(close);
  if (end === "client") return { outcome: "abandoned", reason: stage(transcript) };
  if (end === "gateway") return { outcome: "gateway-closed", reason: stage(transcript) };
  return judgeSilence(transcript);
}

/**
 * Returns true if the gateway's own codes say NOT_PAIRED, which it sends only after the shared authentication and the
 * device's signature were right. Its messages do not count here: some quote the client.
 */
export function isNotPaired({ response }: Readonly<Transcript>): boolean {
  return (
    response?.ok === false && (response.code === "NOT_PAIRED" || response.detailsCode === "PAIRING_REQUIRED")
  );
}

/**
 * Compares the scopes that were granted with those requested. A node needs none, and hello-ok does not say which of its
 * commands wait for approval (docs/gateway.md section 2).
 */
function judgeScopes(hello: ConnectResponse & { readonly ok: true }, connect?: ConnectRequest): Verdict {
  const { scopes: asked = [], role, deviceId, client } = connect ?? {};
  // Before 2026.4.20 hello-ok names no scopes without a device token: without a device, all are removed then. The
  // Control UI connects without one only if openclaw.json lets it, and keeps them.
  const isKept = deviceId !== undefined || client?.id === "openclaw-control-ui";
  const granted = hello.scopes ?? (isKept ? asked : []);
  const missing = role === "node" ? [] : asked.filter((scope) => !coversScope(granted, scope));
  if (missing.length === 0) return { outcome: "connected" };
  return { outcome: "connected", reason: "scopes-missing", missingScopes: missing };
}

function judgeRefusal(response: ConnectError, closeReason = ""): Verdict {
  const word = response.detailsCode ?? response.code;
  const words = `${wordsOf(response.message)} ${wordsOf(closeReason)}`;
  // Old releases send NOT_PAIRED without details, also if a device identity is missing.
  const outcome = find(CODES, word) ?? find(WORDS, words) ?? byCode(response.code);
  const reason = outcome === "pairing-required" ? (response.reason ?? pairingWord(words) ?? word) : word;
  return { outcome, reason: outcome === "gateway-starting" ? (response.reason ?? reason) : reason };
}

function byCode(code: string): OutcomeName {
  if (code === "NOT_PAIRED") return "pairing-required";
  return code === "UNAVAILABLE" ? "gateway-starting" : "gateway-closed";
}

function judgeClose({ by, code, reason }: NonNullable<Transcript["close"]>): Verdict {
  if (by === "client") return { outcome: "abandoned", reason: `close ${code}` };
  const outcome = find(WORDS, wordsOf(reason)) ?? (code === 1013 ? "gateway-starting" : "gateway-closed");
  const word = outcome === "pairing-required" ? pairingWord(reason) : undefined;
  return { outcome, reason: word ?? (reason === "" ? `close ${code}` : reason) };
}

/** Judges a handshake that passed its deadline, by the side that owed the next message. */
function judgeSilence({ challenged, connect }: Transcript): Verdict {
  if (connect) return { outcome: "gateway-unreachable", reason: "no response to connect" };
  if (challenged) return { outcome: "abandoned", reason: "no connect after the challenge" };
  return { outcome: "not-gateway-protocol", reason: "no message from either side" };
}

function stage({ challenged, connect }: Transcript): string {
  if (connect) return "after connect";
  return challenged ? "before connect" : "before the challenge";
}

/** Returns the gateway's own words. A message about an invalid frame quotes names from it, which mean nothing. */
function wordsOf(text: string): string {
  return /^invalid (?:connect params|request frame|handshake)/i.test(text) ? "" : text;
}

/** Finds `not-paired`, `scope-upgrade` … in text: `pairing required: scope upgrade (requestId: …)`. */
function pairingWord(words: string): string | undefined {
  return /\b(not|scope|role|metadata)[- ](paired|upgrade)\b/i
    .exec(words)?.[0]
    .toLowerCase()
    .replace(" ", "-");
}

function find(table: typeof CODES, text: string): OutcomeName | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
