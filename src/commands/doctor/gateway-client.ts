import { randomBytes } from "node:crypto";
import type { ClientOptions } from "ws";
import type { Advice } from "../../errors.ts";
import { section } from "../../openclaw/config.ts";
import { openSession, type OpenSession, type SessionFailure } from "../../openclaw/gateway-session.ts";
import type { Device } from "../../openclaw/device.ts";
import { OPERATOR_SCOPES } from "../../openclaw/scopes.ts";
import { judge, transcriptOf, type Verdict } from "../../outcome/outcome.ts";
import { adviceFor } from "../../outcome/outcome-advice.ts";
import { VERSION } from "../../version.ts";
import type { Deadline } from "./deadline.ts";
import type { Credential } from "./gateway-credential.ts";

/** Client version of doctor's own connections: its prefix marks them in outcomes of a shim. */
export const DOCTOR = "openclaw-shim-doctor/";

/** One attempt to connect, judged as the shim's outcome line judges it, with the request that a refusal left. */
export type Attempt =
  | { readonly connected: true; readonly hello: Hello }
  | {
      readonly connected: false;
      readonly verdict: Verdict;
      readonly advice: Advice;
      readonly requestId?: string;
    };

/** What hello-ok says about the gateway and the connection. Texts are as received. */
export type Hello = ReturnType<typeof readHello>;

/** An attempt, and its session if it connected: the caller closes it. */
export type Connected = Awaited<ReturnType<typeof connectAs>>;

/** Where to connect; `shown` is the URL for messages if the URL may hold secrets. */
export interface Target {
  readonly url: string;
  readonly shown?: string;
  readonly ws?: ClientOptions;
}

/** Identity of one connection; `mark` is a User-Agent by which it is found in the gateway's log. */
export interface Identity {
  readonly device?: Device;
  readonly credential?: Credential;
  readonly mark?: string;
}

/** Returns a User-Agent that no other request has. */
export function uniqueMark(): string {
  return `${DOCTOR}${VERSION} (${randomBytes(8).toString("hex")})`;
}

/** Connects once as OpenClaw's CLI, with every operator scope. Never throws. */
export async function connectAs({ url, ws }: Target, as: Identity, deadline: Deadline) {
  const { device, credential, mark } = as;
  const { kind, secret } = credential && "secret" in credential ? credential : {};
  let sent = false;
  const result = await openSession({
    url,
    scopes: OPERATOR_SCOPES,
    client: { displayName: "openclaw-shim doctor", version: DOCTOR + VERSION },
    timeoutMs: deadline.for("handshake"),
    ws: mark === undefined ? ws : { ...ws, headers: { "User-Agent": mark } },
    device,
    ...(secret && kind === "token" && { token: secret.reveal() }),
    // Called just before `connect` is sent. A password is not part of what the device signs.
    amend: (params) => {
      sent = true;
      return secret && kind === "password" ? { ...params, auth: { password: secret.reveal() } } : params;
    },
  });
  const { headers = {} } = result;
  const session = result.ok ? result.session : undefined;
  // After `sent`, whoever received `connect` may know the device.
  return { attempt: attemptOf(result), device, session, headers, sent };
}

/** Judges the result of a handshake. */
export function attemptOf(result: Pick<OpenSession, "ok" | "hello"> | SessionFailure): Attempt {
  if (result.ok) return { connected: true, hello: readHello(result.hello) };
  const transcript = transcriptOf(result);
  const verdict = judge(transcript);
  const advice = adviceFor(verdict, transcript) ?? { fix: "read the gateway's log: openclaw logs --follow" };
  const { response } = transcript;
  const requestId = response?.ok === false ? response.requestId : undefined;
  return { connected: false, verdict, advice, ...(requestId !== undefined && { requestId }) };
}

/** Formats a verdict: `pairing-required (not-paired)`. */
export function describeVerdict({ outcome, reason }: Verdict): string {
  return reason === undefined ? outcome : `${outcome} (${reason})`;
}

/** Returns true if the outcome is caused by token or password: without the right one, a device is required. */
export function isAboutCredentials({ outcome }: Verdict): boolean {
  return ["unauthorized", "rate-limited", "device-required"].includes(outcome);
}

/** Returns true if the outcome says that there is no gateway, not yet, or none of this protocol. */
export function isAboutGateway({ outcome }: Verdict): boolean {
  return (
    outcome.startsWith("gateway-") ||
    ["not-gateway-protocol", "protocol-mismatch", "abandoned"].includes(outcome)
  );
}

function readHello(hello: Readonly<Record<string, unknown>>) {
  const snapshot = section(hello, "snapshot");
  const pluginUrls = section(hello, "pluginSurfaceUrls");
  return {
    version: text(section(hello, "server")["version"]),
    // Made from Host and X-Forwarded-Proto (measured): canvasHostUrl until 2026.4, pluginSurfaceUrls.canvas since.
    calledAs: readUrl(hello["canvasHostUrl"]) ?? readUrl(pluginUrls["canvas"]),
    authMode: text(snapshot["authMode"]),
    configPath: text(snapshot["configPath"]),
  };
}

function readUrl(value: unknown) {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  return url && /^https?:$/.test(url.protocol) ? { scheme: url.protocol, host: url.host } : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
