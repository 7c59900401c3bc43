import { randomBytes } from "node:crypto";
import { section } from "../../openclaw/config.ts";
import { openSession, type OpenSession, type SessionOptions } from "../../openclaw/gateway-session.ts";
import { readHello, type SessionFailure } from "../../openclaw/protocol.ts";
import { OPERATOR_SCOPES } from "../../openclaw/scopes.ts";
import { adviceFor } from "../../outcome/outcome-advice.ts";
import { DOCTOR, judge, transcriptOf, type Verdict } from "../../outcome/outcome.ts";
import { stringOf } from "../../text/json.ts";
import { VERSION } from "../../version.ts";
import type { Credential } from "./tool-urls.ts";

/**
 * How long parts of a run may take, in ms: all gathering, then removing the test devices; one handshake, one request. A
 * gateway that has just started is busy for seconds (2026.4.5: 5 s on two busy processors).
 */
export const LIMITS = { gather: 11_000, clear: 3_000, handshake: 7_000, request: 2_000 };

/** The limits of a run, and `performance.now()` at the end of its current part: nothing is started after it. */
export interface Deadline {
  readonly limits: Readonly<typeof LIMITS>;
  end: number;
}

/** Returns the milliseconds that one handshake or request may take, at least 1. */
export function timeFor(wait: "handshake" | "request", { limits, end }: Deadline): number {
  return Math.max(1, Math.min(limits[wait], Math.round(end - performance.now())));
}

/** The name that operators see in the requests of doctor's devices. */
export const DEVICE_NAME = "openclaw-shim doctor";

/** Where and how to connect; `mark` is a User-Agent by which the gateway's log shows the connection. */
export type Target = Pick<SessionOptions, "url" | "ws" | "device"> & {
  readonly mark?: string;
  readonly origin?: string;
};

/** An attempt to connect. The caller closes its session, if there is one. */
export type Attempt = Awaited<ReturnType<typeof connectAs>>;

/** Returns a User-Agent that no other request has. */
export function uniqueMark(): string {
  return `${DOCTOR}${VERSION} (${randomBytes(8).toString("hex")})`;
}

/** Connects once as OpenClaw's CLI, with every operator scope. Never throws. */
export async function connectAs(
  { mark, origin, ...target }: Target,
  credential: Credential | undefined,
  deadline: Deadline,
) {
  const auth: { readonly token?: string; readonly password?: string } =
    credential && "secret" in credential ? { [credential.kind]: credential.secret.reveal() } : {};
  let sent = false;
  const result = await openSession({
    ...target,
    ws: { ...target.ws, ...(origin && { origin }), ...(mark && { headers: { "User-Agent": mark } }) },
    scopes: OPERATOR_SCOPES,
    client: { displayName: DEVICE_NAME, version: DOCTOR + VERSION },
    timeoutMs: timeFor("handshake", deadline),
    ...(performance.now() >= deadline.end && { signal: AbortSignal.abort() }),
    ...auth,
    // Called just before `connect` is sent. A password is not part of what the device signs.
    amend: (params) => {
      sent = true;
      return { ...params, auth };
    },
  });
  return {
    ...attemptOf(result),
    device: target.device,
    session: result.ok ? result.session : undefined,
    /** Of the response to the upgrade. */
    headers: result.headers ?? {},
    /** Whoever received `connect` may know the device. */
    sent,
  };
}

/** Judges the result of a handshake as the shim's outcome line judges it. */
export function attemptOf(result: Pick<OpenSession, "ok" | "hello"> | SessionFailure) {
  const transcript = result.ok ? undefined : transcriptOf(result);
  const verdict: Verdict = transcript ? judge(transcript) : { outcome: "connected" };
  // Nobody should approve doctor's own device.
  const isOwn = verdict.outcome === "pairing-required";
  const advice = (transcript && !isOwn && adviceFor(verdict, transcript)) || {
    fix: "read the gateway's log",
  };
  const response = transcript?.response;
  const { outcome, reason } = verdict;
  return {
    connected: result.ok,
    outcome,
    reason,
    /** `pairing-required (not-paired)`. */
    what: reason === undefined ? outcome : `${outcome} (${reason})`,
    fix: advice.fix,
    /** Closed by a shim's --max-scopes, before a gateway got it: doctor requests every scope. */
    beyondCeiling: reason?.startsWith("--max-scopes: ") ?? false,
    /** The pending request that a refusal left. */
    requestId: response?.ok === false ? response.requestId : undefined,
    hello: result.ok ? factsOf(result.hello) : undefined,
  };
}

/** Reads what hello-ok says about the gateway. Texts are as received. */
function factsOf(hello: Readonly<Record<string, unknown>>) {
  const { authMode, configPath } = section(hello, "snapshot");
  // canvasHostUrl until 2026.4, pluginSurfaceUrls.canvas since: made of Host and X-Forwarded-Proto (docs/gateway.md section 8).
  const canvas = stringOf(hello["canvasHostUrl"]) ?? stringOf(section(hello, "pluginSurfaceUrls")["canvas"]);
  const [, scheme, host] = /^(https?:)\/\/([^/?#@]{1,255})/i.exec(canvas ?? "") ?? [];
  return {
    version: readHello(hello)?.version,
    /** The scheme and Host by which the gateway was called. */
    calledAs: scheme && host ? { scheme: scheme.toLowerCase(), host: host.toLowerCase() } : undefined,
    authMode: stringOf(authMode),
    configPath: stringOf(configPath),
  };
}
