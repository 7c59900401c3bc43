import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocket, type ClientOptions } from "ws";
import { fieldsOf } from "../text/json.ts";
import { signConnect, type Device } from "./device.ts";
import { parseGatewayFrame, readNonce, type GatewayError, type SessionFailure } from "./protocol.ts";

type Params = Readonly<Record<string, unknown>>;

/** Options of a connection to a gateway as an operator. */
export interface SessionOptions {
  readonly url: string;
  readonly device?: Device | undefined;
  /** The gateway's shared token. */
  readonly token?: string | undefined;
  /** Members of `client` that differ from the CLI's. OpenClaw accepts a closed list of ids and modes. */
  readonly client?: Params;
  /** Default `operator.read`. */
  readonly scopes?: readonly string[];
  /** Returns the params of `connect` to be sent, from the signed ones. */
  readonly amend?: (params: Params) => Params;
  /** For the whole handshake; default 10 s. */
  readonly timeoutMs?: number;
  /** Ends the handshake; an open session stays open. */
  readonly signal?: AbortSignal;
  readonly ws?: ClientOptions | undefined;
  /** Returns why this peer must not get the token; called when it has sent the challenge. */
  readonly distrust?: (socket: Socket) => string | undefined;
}

/** `failureCode` of a peer that is not trusted with the token. */
export const UNTRUSTED_PEER = "UNTRUSTED_PEER";

/** A session and hello-ok's payload. */
export interface OpenSession {
  readonly ok: true;
  readonly hello: Params;
  readonly session: GatewaySession;
}

/** What a handshake ended with, and the headers of the response to the upgrade if there was one. */
export type SessionResult = (OpenSession | SessionFailure) & { readonly headers?: IncomingHttpHeaders };

const TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1000;
const HTTP_BODY_LIMIT = 65_536;
const CLI = { id: "cli", version: "1.0.0", platform: process.platform, mode: "cli" };

/**
 * Connects to a gateway as OpenClaw's clients do: WebSocket, challenge, signed `connect`, response (docs/gateway.md
 * section 3). Every failure is a result. The caller closes the session.
 */
export async function openSession(options: SessionOptions): Promise<SessionResult> {
  const { timeoutMs = TIMEOUT_MS, signal } = options;
  const socket = new WebSocket(options.url, { perMessageDeflate: false, ...options.ws });
  const session = new GatewaySession(socket);
  const seen: { -readonly [key in keyof SessionFailure]?: SessionFailure[key] } = {};
  let headers: IncomingHttpHeaders | undefined;
  let peer: Socket | undefined;
  const end = (failure: string): void => {
    seen.failure = failure;
    socket.terminate();
  };
  const onAbort = (): void => end("aborted");
  const deadline = setTimeout(end, timeoutMs, `no response within ${timeoutMs} ms`);
  const result = await new Promise<SessionResult>((resolve) => {
    session.onEvent("connect.challenge", (payload) => {
      const distrust = peer && options.distrust?.(peer);
      if (distrust !== undefined) {
        seen.failureCode = UNTRUSTED_PEER;
        return end(distrust);
      }
      session.request("connect", connectParams(options, readNonce(payload) ?? ""), timeoutMs).then(
        (hello) => resolve({ ok: true, hello: fieldsOf(hello), session }),
        (reason: unknown) => {
          if (reason instanceof GatewayRequestError) seen.error = reason.error; // the close comes next
        },
      );
    });
    socket.on("upgrade", (response) => ({ headers, socket: peer } = response));
    socket.on("unexpected-response", (_request, response) => {
      ({ headers } = response);
      void readBody(response).then((body) => {
        seen.http = { status: response.statusCode ?? 0, body };
        return socket.terminate();
      });
    });
    socket.on("error", ({ message, code }: NodeJS.ErrnoException) => {
      if (seen.http || seen.failure !== undefined) return;
      seen.failure = message || (code ?? "connection failed");
      if (code !== undefined) seen.failureCode = code;
    });
    socket.on("close", (code, reason) => {
      if (!seen.http && seen.failure === undefined) seen.close = { code, reason: reason.toString() };
      resolve({ ...seen, ok: false });
    });
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
  });
  clearTimeout(deadline);
  signal?.removeEventListener("abort", onAbort);
  return headers ? { ...result, headers } : result;
}

/** The gateway's refusal of a request. */
export class GatewayRequestError extends Error {
  override readonly name = "GatewayRequestError";
  readonly error: GatewayError;

  constructor(method: string, error: GatewayError = { code: "UNKNOWN", message: "" }) {
    super(`${method}: ${error.code}: ${error.message}`);
    this.error = error;
  }
}

type ResponseFrame = Extract<ReturnType<typeof parseGatewayFrame>, { readonly type: "res" }>;

/** A connected client: its requests, and the gateway's events. */
export class GatewaySession {
  readonly socket: WebSocket;
  /** Of the WebSocket close; undefined while the session is open. */
  closeCode: number | undefined;
  /** Settles the request with that id. */
  readonly #requests = new Map<string, (response: ResponseFrame | Error) => void>();
  readonly #listeners = new Map<string, (payload: unknown) => void>();

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      const frame = parseGatewayFrame(data.toString());
      if (frame?.type === "event") this.#listeners.get(frame.event)?.(frame.payload);
      else if (frame) this.#requests.get(frame.id)?.(frame);
    });
    socket.on("close", (code, reason) => {
      this.closeCode = code;
      const error = new Error(`gateway closed (${code}): ${reason.toString()}`);
      for (const settle of this.#requests.values()) settle(error);
    });
  }

  /**
   * Sends a request and returns the response's payload.
   * @throws GatewayRequestError if the gateway refuses it, Error if it closes or after the timeout
   */
  request(method: string, params: unknown = {}, timeoutMs = TIMEOUT_MS): Promise<unknown> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const settle = (response: ResponseFrame | Error): void => {
        clearTimeout(deadline);
        this.#requests.delete(id);
        if (response instanceof Error) reject(response);
        else if (response.ok) resolve(response.payload);
        else reject(new GatewayRequestError(method, response.error));
      };
      const late = `${method}: no response within ${timeoutMs} ms`;
      const deadline = setTimeout(() => settle(new Error(late)), timeoutMs);
      this.#requests.set(id, settle);
      this.socket.send(JSON.stringify({ type: "req", id, method, params }));
    });
  }

  /** Calls `listener` with the payload of every event of that name; the last listener of a name counts. */
  onEvent(event: string, listener: (payload: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  /** Closes the socket, by force if the gateway does not close within a second; never throws. */
  async close(): Promise<void> {
    if (this.socket.readyState === this.socket.CLOSED) return;
    // Not events.once: that rejects if the gateway sends a malformed frame.
    const closed = new Promise((resolve) => this.socket.once("close", resolve));
    this.socket.close(1000);
    const deadline = setTimeout(() => this.socket.terminate(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(deadline);
  }
}

/** Builds the params of `connect`; every release accepts them. */
function connectParams(
  { device, token, client, scopes = ["operator.read"], amend }: SessionOptions,
  nonce: string,
): Params {
  const params = {
    minProtocol: 3,
    maxProtocol: 4,
    client: { ...CLI, ...client },
    role: "operator",
    scopes,
    caps: [],
    auth: { token }, // JSON leaves out what is undefined
  };
  const signed = device ? signConnect(device, params, nonce) : params;
  return amend ? amend(signed) : signed;
}

/** Reads the body as far as it arrives: the gateway may reset the connection. */
async function readBody(response: IncomingMessage): Promise<string> {
  let body = "";
  const parts: AsyncIterable<string> = response.setEncoding("utf8");
  try {
    for await (const part of parts) if ((body += part).length > HTTP_BODY_LIMIT) break;
  } catch {
    // What arrived is the result.
  }
  return body;
}
