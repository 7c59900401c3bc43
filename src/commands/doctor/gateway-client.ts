import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { ClientOptions } from "ws";
import type { Advice } from "../../errors.ts";
import { section } from "../../openclaw/config.ts";
import { handshake, type HandshakeResult } from "../../openclaw/connect.ts";
import type { Device } from "../../openclaw/device.ts";
import { OPERATOR_SCOPES } from "../../openclaw/scopes.ts";
import type { GatewaySession } from "../../openclaw/session.ts";
import { adviceFor } from "../../outcome/outcome-advice.ts";
import { judge, type OutcomeName, type Verdict } from "../../outcome/outcome.ts";
import { transcriptOf } from "../../outcome/transcript.ts";
import { VERSION } from "../../version.ts";
import type { Deadline } from "./deadline.ts";
import type { Credential } from "./gateway-credential.ts";

/** Client version of doctor's own connections: its prefix marks them in outcomes of a shim. */
export const DOCTOR = "openclaw-shim-doctor/";

/** What hello-ok says about the gateway and the connection. Texts are as received. */
export interface Hello {
  readonly version: string | undefined;
  /** Scheme (`http:` or `https:`) and authority of the gateway's URLs, made from the request it received. */
  readonly calledAs: { readonly scheme: string; readonly host: string } | undefined;
  readonly authMode: string | undefined;
  readonly configPath: string | undefined;
}

/** One attempt to connect, judged as the shim's outcome line judges it. */
export type Attempt =
  | { readonly connected: true; readonly hello: Hello }
  | {
      readonly connected: false;
      readonly verdict: Verdict;
      readonly advice: Advice;
      /** The pending request that the refusal left. */
      readonly requestId?: string;
    };

/** Where to connect; `shown` is the URL for messages if the URL may hold secrets. */
export interface Target {
  readonly url: string;
  readonly shown?: string;
  readonly ws?: ClientOptions;
}

/** Identity of one connection. */
export interface Identity {
  readonly device?: Device | undefined;
  readonly credential?: Credential | undefined;
  /** User-Agent by which the connection is found in the gateway's log. */
  readonly mark?: string;
}

/** The attempt, and the open session if it connected: the caller closes it. */
export interface Connected {
  readonly attempt: Attempt;
  readonly device: Device | undefined;
  /** The `connect` frame was sent, so whoever received it may know the device. */
  readonly sent: boolean;
  readonly session: GatewaySession | undefined;
  /** Header fields of the response to the upgrade. */
  readonly headers: IncomingHttpHeaders;
}

/** Returns a User-Agent that no other request has. */
export function uniqueMark(): string {
  return `${DOCTOR}${VERSION} (${randomBytes(8).toString("hex")})`;
}

/** Connects once as OpenClaw's CLI, with every operator scope. Never throws. */
export async function connectAs({ url, ws }: Target, as: Identity, deadline: Deadline): Promise<Connected> {
  const { device, credential, mark } = as;
  const { kind, secret } = credential && "secret" in credential ? credential : {};
  let sent = false;
  const result = await handshake({
    url,
    scopes: OPERATOR_SCOPES,
    client: { displayName: "openclaw-shim doctor", version: DOCTOR + VERSION },
    keepOpen: true,
    timeoutMs: deadline.for("handshake"),
    ...(ws && { ws }),
    ...(device && { device }),
    ...(secret && kind === "token" && { token: secret.reveal() }),
    // Called just before `connect` is sent. A password is not part of what the device signs.
    amend: (params) => {
      sent = true;
      return secret && kind === "password" ? { ...params, auth: { password: secret.reveal() } } : params;
    },
    ...(mark !== undefined && { headers: { "User-Agent": mark } }),
  });
  const { headers = {} } = result;
  const session = result.ok ? result.session : undefined;
  return { attempt: attemptOf(result), device, sent, session, headers };
}

/** Judges the result of a handshake. */
export function attemptOf(result: HandshakeResult): Attempt {
  if (result.ok) return { connected: true, hello: readHello(result.hello) };
  const transcript = transcriptOf(result);
  const verdict = judge(transcript);
  const { answer } = transcript;
  const requestId = answer?.ok === false ? answer.requestId : undefined;
  const advice = adviceFor(verdict, transcript) ?? { fix: "see the gateway's log: openclaw logs --follow" };
  return { connected: false, verdict, advice, ...(requestId !== undefined && { requestId }) };
}

/** Formats a verdict: `pairing-required (not-paired)`. */
export function describeVerdict({ outcome, reason }: Verdict): string {
  return reason === undefined ? outcome : `${outcome} (${reason})`;
}

const ABOUT_CREDENTIALS: ReadonlySet<OutcomeName> = new Set([
  "unauthorized",
  "rate-limited",
  // A client without the right token is required to have a device.
  "device-required",
]);
const ABOUT_GATEWAY: ReadonlySet<OutcomeName> = new Set([
  "gateway-unreachable",
  "gateway-starting",
  "gateway-closed",
  "gateway-refused",
  "not-gateway-protocol",
  "protocol-mismatch",
  "abandoned",
]);

/** True if the outcome is caused by token or password. */
export const isAboutCredentials = ({ outcome }: Verdict): boolean => ABOUT_CREDENTIALS.has(outcome);

/** True if the outcome says that there is no gateway, not yet, or none of this protocol. */
export const isAboutGateway = ({ outcome }: Verdict): boolean => ABOUT_GATEWAY.has(outcome);

function readHello(hello: Readonly<Record<string, unknown>>): Hello {
  const snapshot = section(hello, "snapshot");
  return {
    version: text(section(hello, "server")["version"]),
    // canvasHostUrl until 2026.4, pluginSurfaceUrls.canvas since: from Host and X-Forwarded-Proto (measured).
    calledAs: calledAs(hello["canvasHostUrl"]) ?? calledAs(section(hello, "pluginSurfaceUrls")["canvas"]),
    authMode: text(snapshot["authMode"]),
    configPath: text(snapshot["configPath"]),
  };
}

function calledAs(value: unknown): Hello["calledAs"] {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  return { scheme: url.protocol, host: url.host };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
