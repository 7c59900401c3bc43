import type { HandshakeResult } from "../../openclaw/connect.ts";
import { isRecord } from "../../text/json.ts";
import { fixFor } from "../../outcome/fixes.ts";
import { judge, type Verdict } from "../../outcome/outcome.ts";
import { readConnectError, readErrorType } from "../../openclaw/protocol.ts";
import type { Transcript } from "../../outcome/transcript.ts";
import { printable } from "../../text/printable.ts";

/** What hello-ok tells of the gateway and of the connection, all printable. */
export interface Hello {
  readonly version: string | undefined;
  readonly protocol: number | undefined;
  /** `http:` or `https:` and the authority that the gateway was called by: it makes URLs of them. */
  readonly calledAs: { readonly scheme: string; readonly host: string } | undefined;
  /** `token`, `password`, `none` …, where the gateway tells. */
  readonly authMode: string | undefined;
  readonly configPath: string | undefined;
}

/** One attempt to connect, as the shim would report it. */
export type Attempt =
  | { readonly connected: true; readonly hello: Hello }
  | {
      readonly connected: false;
      readonly verdict: Verdict;
      /** What mends it, by the outcome alone. */
      readonly fix: string;
      /** The pending request that the refusal left. */
      readonly requestId?: string;
    };

/** Judges a handshake with the rules of the outcome line. */
export function attemptOf(result: HandshakeResult): Attempt {
  if (result.ok) return { connected: true, hello: readHello(result.hello) };
  const transcript = transcriptOf(result);
  const verdict = judge(transcript);
  const { answer } = transcript;
  const requestId = answer?.ok === false ? answer.requestId : undefined;
  return {
    connected: false,
    verdict,
    fix: fixFor(verdict, transcript) ?? "see the gateway's log: openclaw logs --follow",
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** `pairing-required (not-paired)`. */
export function describeVerdict({ outcome, reason }: Verdict): string {
  return reason === undefined ? outcome : `${outcome} (${reason})`;
}

function transcriptOf({ error, close, http, failure }: Extract<HandshakeResult, { ok: false }>): Transcript {
  return {
    challenged: true,
    ...(error ? { answer: readConnectError(error) } : {}),
    ...(close ? { close: { by: "gateway", code: close.code, reason: printable(close.reason, 128) } } : {}),
    ...(http ? { http: httpOf(http) } : {}),
    ...(failure === undefined || error ? {} : { unreachable: unreachableOf(failure) }),
  };
}

function httpOf({ status, body }: { status: number; body: string }): NonNullable<Transcript["http"]> {
  const type = readErrorType(body);
  return { status, ...(type === undefined ? {} : { type }) };
}

/** A failure's code where Node's message has one: `connect ECONNREFUSED 127.0.0.1:1`. */
function unreachableOf(failure: string): NonNullable<Transcript["unreachable"]> {
  const [code] = /\bE[A-Z]{3,}\b|\b[A-Z]+_[A-Z_]{4,}\b/.exec(failure) ?? [];
  return { code: code ?? printable(failure, 80), message: printable(failure) };
}

function readHello(hello: Readonly<Record<string, unknown>>): Hello {
  const server = record(hello["server"]);
  const snapshot = record(hello["snapshot"]);
  const { protocol } = hello;
  return {
    version: text(server["version"]),
    protocol: typeof protocol === "number" ? protocol : undefined,
    calledAs: calledAs(hello["canvasHostUrl"]) ?? calledAs(record(hello["pluginSurfaceUrls"])["canvas"]),
    authMode: text(snapshot["authMode"]),
    configPath: text(snapshot["configPath"]),
  };
}

// canvasHostUrl until 2026.4, pluginSurfaceUrls.canvas since: made of Host and X-Forwarded-Proto (measured).
function calledAs(url: unknown): Hello["calledAs"] {
  const [, scheme, host] = /^(https?:)\/\/([^/?#@]{1,255})/i.exec(typeof url === "string" ? url : "") ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  return { scheme: scheme.toLowerCase(), host: printable(host.toLowerCase()) };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? printable(value) : undefined;
}
