import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { ClientOptions } from "ws";
import { handshake } from "../../openclaw/connect.ts";
import type { GatewaySession } from "../../openclaw/session.ts";
import type { Device } from "../../openclaw/device.ts";
import { VERSION } from "../../version.ts";
import { attemptOf, type Attempt } from "./attempt.ts";
import type { Credential } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import { OPERATOR_SCOPES } from "../../openclaw/scopes.ts";

/** What this client calls itself in `client.version`, so that people and later runs know its connections. */
export const DOCTOR = `openclaw-shim-doctor/${VERSION}`;

/** Where to connect, and how. */
export interface Target {
  readonly url: string;
  /** The URL for messages, where it may hold secrets. */
  readonly shown?: string;
  /** Options of `ws`: the agent that does the gateway's TLS. */
  readonly ws?: ClientOptions;
}

/** As whom to connect. Nothing of it is kept. */
export interface As {
  /** None: the gateway then has nothing to pair. */
  readonly device?: Device;
  readonly credential?: Credential | undefined;
  /** Finds the connection in the gateway's log. */
  readonly mark?: string;
}

/** How it went, and the session where it went well: the caller closes it. */
export interface Connected {
  readonly attempt: Attempt;
  /** `connect` went off: whoever got it may know the device by now. */
  readonly sent: boolean;
  readonly session: GatewaySession | undefined;
  /** Header fields of the answer to the upgrade. */
  readonly headers: IncomingHttpHeaders;
}

/** A User-Agent that is in no other request. */
export function uniqueMark(): string {
  return `${DOCTOR} (${randomBytes(8).toString("hex")})`;
}

/** Connects once, as OpenClaw's command does, and asks for all that tools ask for. Never throws. */
export async function connectAs({ url, ws }: Target, as: As, deadline: Deadline): Promise<Connected> {
  const { device, credential, mark } = as;
  const secret = credential && "secret" in credential ? credential.secret : undefined;
  const password = secret && credential && "kind" in credential && credential.kind === "password";
  let sent = false;
  const result = await handshake({
    url,
    scopes: OPERATOR_SCOPES,
    client: { displayName: "openclaw-shim doctor", version: DOCTOR },
    keepOpen: true,
    timeoutMs: deadline.for("handshake"),
    ...(ws && { ws }),
    ...(device && { device }),
    ...(secret && !password && { token: secret.reveal() }),
    // Called just before `connect` is sent. A password is no part of what the device signs.
    amend: (params) => {
      sent = true;
      return secret && password ? { ...params, auth: { password: secret.reveal() } } : params;
    },
    ...(mark !== undefined && { headers: { "User-Agent": mark } }),
  });
  return {
    attempt: attemptOf(result),
    sent,
    session: result.ok ? result.session : undefined,
    headers: result.headers ?? {},
  };
}
