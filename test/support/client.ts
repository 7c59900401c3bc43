import { signConnect, type SignatureVersion } from "../../src/openclaw/device.ts";
import { openSession, type SessionOptions, type SessionResult } from "../../src/openclaw/gateway-session.ts";
import type { GatewaySession } from "../../src/openclaw/gateway-session.ts";

type Params = Readonly<Record<string, unknown>>;

/** Options of a handshake as any client of OpenClaw may do it. */
export interface HandshakeOptions extends SessionOptions {
  /** A token that an earlier hello-ok issued. */
  readonly deviceToken?: string;
  /** Default `operator`. */
  readonly role?: string;
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 3 to 4. */
  readonly protocol?: { readonly min: number; readonly max: number };
  /** Default `v2`. */
  readonly signature?: SignatureVersion;
  /** Returns the session instead of closing it. */
  readonly keepOpen?: boolean;
}

/** A handshake as seen on the wire. */
export type HandshakeResult =
  | (Omit<Extract<SessionResult, { ok: true }>, "session"> & { readonly session: GatewaySession | undefined })
  | Extract<SessionResult, { ok: false }>;

/** Connects as the product does, with what only other clients send. Never throws: every failure is a result. */
export async function handshake(options: HandshakeOptions): Promise<HandshakeResult> {
  const { deviceToken, role, origin, headers, protocol, signature, keepOpen, ...session } = options;
  const { device, amend = (params) => params } = session;
  const result = await openSession({
    ...session,
    ws: { ...session.ws, ...(origin !== undefined && { origin }), ...(headers && { headers }) },
    amend: ({ device: proof, ...params }) => {
      const changed: Params = {
        ...params,
        ...(role !== undefined && { role }),
        ...(protocol && { minProtocol: protocol.min, maxProtocol: protocol.max }),
        auth: { token: session.token, deviceToken },
      };
      return amend(device ? signConnect(device, changed, nonceOf(proof), signature) : changed);
    },
  });
  if (!result.ok || keepOpen) return result;
  await result.session.close();
  return { ...result, session: undefined };
}

function nonceOf(proof: unknown): string {
  return typeof proof === "object" && proof !== null && "nonce" in proof ? String(proof.nonce) : "";
}
