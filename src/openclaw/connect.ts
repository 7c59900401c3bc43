import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { ClientOptions, RawData } from "ws";
import { signConnect } from "./device.ts";
import type { Device, SignatureVersion } from "./device.ts";
import { isRecord } from "../text/json.ts";
import { parseGatewayFrame, readNonce, type GatewayError } from "./protocol.ts";
import { GatewaySession, textOf } from "./session.ts";

/** What a client says of itself. OpenClaw knows a closed list of ids and modes. */
interface ClientIdentity {
  readonly id: string;
  readonly version: string;
  readonly platform: string;
  readonly mode: string;
  readonly displayName?: string;
  readonly deviceFamily?: string;
  readonly buildId?: string;
}

/** Who connects, to what, and how; all but the URL has a default that the gateway takes. */
export interface HandshakeOptions {
  /** `ws://` or `wss://`, with a path where that matters. */
  readonly url: string;
  /** Signs the connect; without it the client has no device. */
  readonly device?: Device;
  /** The gateway's shared token. */
  readonly token?: string;
  /** A token that an earlier hello-ok issued. */
  readonly deviceToken?: string;
  /** Default: the CLI. */
  readonly client?: Partial<ClientIdentity>;
  /** Default `operator`. */
  readonly role?: string;
  /** Default `operator.read`. */
  readonly scopes?: readonly string[];
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 3 to 4, which every release accepts. */
  readonly protocol?: { readonly min: number; readonly max: number };
  /** Default `v2`, which every release accepts. */
  readonly signature?: SignatureVersion;
  /** Changes the params after they are signed. */
  readonly amend?: (params: Record<string, unknown>) => Record<string, unknown>;
  /** For the whole handshake; default 10 s. */
  readonly timeoutMs?: number;
  /** Gives up when it aborts: the socket is ended, and the result is a failure. A session that was handed over stays. */
  readonly signal?: AbortSignal;
  /** Leaves the socket open and hands it over. */
  readonly keepOpen?: boolean;
  /** Further options of `ws`, for TLS. */
  readonly ws?: ClientOptions;
}

/** hello-ok's payload, as far as it is read here. */
type Hello = Readonly<Record<string, unknown>>;

/** How it went on the wire. */
export type HandshakeResult = (
  | { readonly ok: true; readonly hello: Hello; readonly session: GatewaySession | undefined }
  | {
      readonly ok: false;
      /** The gateway's response to connect. */
      readonly error?: GatewayError;
      /** The close that followed it, or came instead. */
      readonly close?: { readonly code: number; readonly reason: string };
      /** The upgrade was answered by HTTP. */
      readonly http?: { readonly status: number; readonly body: string };
      /** No answer: why not. */
      readonly failure?: string;
    }
) & {
  /** Of the answer to the upgrade, whatever its status; none where nothing was answered. */
  readonly headers?: IncomingHttpHeaders;
};

const TIMEOUT_MS = 10_000;
const HTTP_BODY_BYTES = 65_536;
const CLI: ClientIdentity = { id: "cli", version: "1.0.0", platform: process.platform, mode: "cli" };

/**
 * Connects to a gateway as its own clients do: WebSocket, challenge, signed `connect`, answer (gateway.md section 3).
 * Never throws: whatever comes, or the deadline, is a result.
 */
export async function handshake(options: HandshakeOptions): Promise<HandshakeResult> {
  const socket = new WebSocket(options.url, {
    perMessageDeflate: false,
    ...options.ws,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  });
  const result = await converse(socket, options);
  if (!result.ok) {
    socket.terminate();
    return result;
  }
  const session = new GatewaySession(socket);
  if (options.keepOpen) return { ...result, session };
  await session.close();
  return result;
}

function converse(socket: WebSocket, options: HandshakeOptions): Promise<HandshakeResult> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const id = randomUUID();
  return new Promise((resolve) => {
    let error: GatewayError | undefined;
    let failure: string | undefined;
    let headers: IncomingHttpHeaders | undefined;
    const settle = (result: HandshakeResult): void => {
      clearTimeout(deadline);
      options.signal?.removeEventListener("abort", onAbort);
      socket.off("message", onMessage);
      resolve(headers ? { ...result, headers } : result);
    };
    const onAbort = (): void => settle({ ok: false, failure: "given up" });
    const deadline = setTimeout(
      () => settle({ ok: false, ...(error ? { error } : {}), failure: `no answer within ${timeoutMs} ms` }),
      timeoutMs,
    );
    const onMessage = (data: RawData): void => {
      const frame = parseGatewayFrame(textOf(data));
      if (frame?.type === "event" && frame.event === "connect.challenge") {
        const params = connectParams(options, readNonce(frame.payload) ?? "");
        socket.send(JSON.stringify({ type: "req", id, method: "connect", params }));
      } else if (frame?.type === "res" && frame.id === id) {
        if (!frame.ok) error = frame.error; // the close comes next
        else settle({ ok: true, hello: isRecord(frame.payload) ? frame.payload : {}, session: undefined });
      }
    };
    options.signal?.addEventListener("abort", onAbort);
    if (options.signal?.aborted) onAbort();
    socket.on("message", onMessage);
    socket.on("close", (code, reason) => {
      const close = { code, reason: reason.toString() };
      if (failure === undefined) settle({ ok: false, ...(error ? { error } : {}), close });
      else settle({ ok: false, ...(error ? { error } : {}), failure });
    });
    socket.on("error", (reason: NodeJS.ErrnoException) => {
      failure = reason.message || (reason.code ?? "connection failed");
    });
    socket.on("upgrade", (response) => {
      headers = response.headers;
    });
    socket.on("unexpected-response", (_request, response) => {
      headers = response.headers;
      void readBody(response).then((body) =>
        settle({ ok: false, http: { status: response.statusCode ?? 0, body } }),
      );
    });
  });
}

/** `connect`'s params, signed when there is a device. */
function connectParams(options: HandshakeOptions, nonce: string): Record<string, unknown> {
  const { device, token, deviceToken, role = "operator", scopes = ["operator.read"] } = options;
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
    auth: {
      ...(token === undefined ? {} : { token }),
      ...(deviceToken === undefined ? {} : { deviceToken }),
    },
    ...(device ? { device: { id: device.id, publicKey: device.publicKey, signature, signedAt, nonce } } : {}),
  };
  return options.amend ? options.amend(params) : params;
}

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
    // A body that breaks off is reported as far as it came.
  }
  return Buffer.concat(parts).toString();
}
