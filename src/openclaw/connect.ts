import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { WebSocket, type ClientOptions } from "ws";
import { fieldsOf } from "../text/json.ts";
import { signConnect, type Device, type SignatureVersion } from "./device.ts";
import { readNonce, type GatewayError } from "./protocol.ts";
import { GatewayRequestError, GatewaySession } from "./session.ts";

type ClientField = "id" | "version" | "platform" | "mode" | "displayName" | "deviceFamily" | "buildId";

/** Options of a handshake; every default is accepted by every release. */
export interface HandshakeOptions {
  /** `ws://` or `wss://`, with a path where that matters. */
  readonly url: string;
  /** Signs the connect; without it the client has no device. */
  readonly device?: Device;
  /** The gateway's shared token. */
  readonly token?: string;
  /** A token that an earlier hello-ok issued. */
  readonly deviceToken?: string;
  /** Default: the CLI. OpenClaw accepts a closed list of ids and modes. */
  readonly client?: Readonly<Partial<Record<ClientField, string>>>;
  /** Default `operator`. */
  readonly role?: string;
  /** Default `operator.read`. */
  readonly scopes?: readonly string[];
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 3 to 4. */
  readonly protocol?: { readonly min: number; readonly max: number };
  /** Default `v2`. */
  readonly signature?: SignatureVersion;
  /** Changes the params after they are signed. */
  readonly amend?: (params: Record<string, unknown>) => Record<string, unknown>;
  /** For the whole handshake; default 10 s. */
  readonly timeoutMs?: number;
  /** Ends the handshake as a failure; a session that was returned stays open. */
  readonly signal?: AbortSignal;
  /** Returns the session instead of closing it. */
  readonly keepOpen?: boolean;
  /** Further options of `ws`: agent, TLS. */
  readonly ws?: ClientOptions;
}

/** A handshake as seen on the wire. */
export type HandshakeResult = (
  | {
      readonly ok: true;
      /** hello-ok's payload. */
      readonly hello: Readonly<Record<string, unknown>>;
      readonly session: GatewaySession | undefined;
    }
  | {
      readonly ok: false;
      /** The gateway's refusal of connect. */
      readonly error?: GatewayError;
      /** The close that followed it, or came instead. */
      readonly close?: { readonly code: number; readonly reason: string };
      /** The HTTP response to the upgrade. */
      readonly http?: { readonly status: number; readonly body: string };
      /** Why there was no response. */
      readonly failure?: string;
      /** The failure's code, such as `ECONNREFUSED`, if it is an error of the system or of Node. */
      readonly failureCode?: string;
    }
) & {
  /** Of the response to the upgrade, whatever its status; absent without a response. */
  readonly headers?: IncomingHttpHeaders;
};

const TIMEOUT_MS = 10_000;
const HTTP_BODY_BYTES = 65_536;
const CLI = { id: "cli", version: "1.0.0", platform: process.platform, mode: "cli" };

/**
 * Connects to a gateway as OpenClaw's clients do: WebSocket, challenge, signed `connect`, response (docs/gateway.md
 * section 3). Never throws: every failure is a result.
 */
export async function handshake(options: HandshakeOptions): Promise<HandshakeResult> {
  const { url, origin, headers } = options;
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    ...options.ws,
    ...(origin !== undefined && { origin }),
    ...(headers && { headers }),
  });
  const session = new GatewaySession(socket);
  const result = await converse(session, options);
  if (!result.ok) socket.terminate();
  else if (options.keepOpen) return { ...result, session };
  else await session.close();
  return result;
}

function converse(session: GatewaySession, options: HandshakeOptions): Promise<HandshakeResult> {
  const { timeoutMs = TIMEOUT_MS, signal } = options;
  const { socket } = session;
  return new Promise((resolve) => {
    let error: GatewayError | undefined;
    let failure: string | undefined;
    let failureCode: string | undefined;
    let headers: IncomingHttpHeaders | undefined;
    const settle = (result: HandshakeResult): void => {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", onAbort);
      resolve(headers ? { ...result, headers } : result);
    };
    const fail = (how: Omit<Extract<HandshakeResult, { ok: false }>, "ok">): void =>
      settle({ ok: false, ...(error && { error }), ...how });
    const deadline = setTimeout(() => fail({ failure: `no answer within ${timeoutMs} ms` }), timeoutMs);
    const onAbort = (): void => fail({ failure: "given up" });
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    session.onEvent("connect.challenge", (payload) => {
      session.request("connect", connectParams(options, readNonce(payload) ?? ""), timeoutMs).then(
        (hello) => settle({ ok: true, hello: fieldsOf(hello), session: undefined }),
        (reason: unknown) => {
          if (reason instanceof GatewayRequestError) ({ error } = reason); // the close comes next
        },
      );
    });
    socket.on("close", (code, reason) =>
      fail(
        failure === undefined
          ? { close: { code, reason: reason.toString() } }
          : { failure, ...(failureCode !== undefined && { failureCode }) },
      ),
    );
    socket.on("error", (reason: NodeJS.ErrnoException) => {
      failure = reason.message || (reason.code ?? "connection failed");
      failureCode = reason.code;
    });
    socket.on("upgrade", (response) => {
      headers = response.headers;
    });
    socket.on("unexpected-response", (_request, response) => {
      headers = response.headers;
      void readBody(response).then((body) => fail({ http: { status: response.statusCode ?? 0, body } }));
    });
  });
}

/** Builds the params of `connect`, signed if there is a device. */
function connectParams(options: HandshakeOptions, nonce: string): Record<string, unknown> {
  const { device, token, deviceToken, role = "operator", scopes = ["operator.read"], amend } = options;
  const client = { ...CLI, ...options.client };
  const signedAt = Date.now();
  const signature =
    device &&
    signConnect(device, options.signature ?? "v2", {
      deviceId: device.id,
      clientId: client.id,
      clientMode: client.mode,
      role,
      scopes,
      signedAt,
      token: token ?? deviceToken,
      nonce,
      platform: client.platform,
      deviceFamily: client.deviceFamily,
    });
  const params = {
    minProtocol: options.protocol?.min ?? 3,
    maxProtocol: options.protocol?.max ?? 4,
    client,
    role,
    scopes,
    caps: [],
    auth: { token, deviceToken }, // JSON leaves out what is undefined
    ...(device && { device: { id: device.id, publicKey: device.publicKey, signature, signedAt, nonce } }),
  };
  return amend ? amend(params) : params;
}

/** Reads the body as far as it arrives. */
async function readBody(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > HTTP_BODY_BYTES) break;
      parts.push(part);
    }
  } catch {
    // Reset by the gateway: what arrived is the result.
  }
  return Buffer.concat(parts).toString();
}
