import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, ListenOptions, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Connections } from "./connections.ts";
import { refuse, type Refusal } from "../errors.ts";
import { HTTP_IDLE_MS } from "../upstream/plain-http.ts";
import { isWhole, refuseSocket } from "./respond.ts";
import { OpenResponses } from "./open-responses.ts";
import { authorityOf } from "../net/authority.ts";
import type { ListenAddress } from "../settings/settings.ts";
import { notTcp, type HandedOver } from "./socket-activation.ts";

/** A head must be whole by then: slow ones cost a connection each (CWE-400). */
const HEAD_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
const TCP_KEEP_ALIVE_MS = 30_000;
/** Node's own default, and the gateway's; pinned, so that no NODE_OPTIONS widens it. */
const HEAD_LIMIT = 16 * 1024;
/** Connections beyond `--max-connections` that are still accepted, to be told so with a 503. */
const REFUSAL_PLACES = 64;

/** What comes in on a listener. */
export interface ListenerHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void;
  /** An upgrade that came while an answer is still under way; its socket is destroyed after this call. */
  onPipelinedUpgrade(request: IncomingMessage): void;
  /** Bytes that are no request, or a CONNECT: what to answer. */
  onUnreadable(socket: Socket, refusal: Refusal): Refusal;
  /** A connection could not be accepted. */
  onAcceptError(error: Error): void;
}

/** One bound address. */
export interface Listener {
  /** `127.0.0.1:18788` or `[::1]:18788`, with the port that was really bound. */
  readonly address: string;
  /** Its IP address alone. */
  readonly host: string;
  readonly port: number;
  /** Stops listening and ends idle connections. */
  stop(): void;
  /** Ends connections that have had an answer and have sent nothing since. */
  closeIdle(): void;
}

/** What a listener needs besides its address. */
export interface ListenerOptions {
  /** As `--max-connections`. */
  readonly maxConnections: number;
  readonly handlers: ListenerHandlers;
  /** Where it enters what it accepts. */
  readonly connections: Connections;
  /** How long a head may take, in milliseconds; checked once a second. */
  readonly headMs?: number;
}

/**
 * Binds one address, or listens on a socket that was handed over.
 *
 * @throws the system's error, such as `EADDRINUSE`; SettingsError where what was handed over is no TCP socket
 */
export async function listen(
  address: ListenAddress | HandedOver,
  { maxConnections, handlers, connections, headMs = HEAD_MS }: ListenerOptions,
): Promise<Listener> {
  const server = createServer({
    headersTimeout: headMs,
    maxHeaderSize: HEAD_LIMIT,
    insecureHTTPParser: false,
    // Bodies may be of any size; a stalled one ends with the idle timeout.
    requestTimeout: 0,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    noDelay: true,
    // The gate asks for exactly one Host, and has an answer that says so.
    requireHostHeader: false,
  });
  // By default Node's parser obeys every field, but shows only the first 1000: a Content-Length after them would
  // leave a body without framing, which the gateway reads as a second request. HEAD_LIMIT bounds them instead.
  server.maxHeadersCount = 0;
  server.maxConnections = maxConnections + REFUSAL_PLACES;
  server.timeout = HTTP_IDLE_MS;
  server.on("connection", (socket) => connections.add(socket));
  const responses = new OpenResponses();
  // http.Server.close() calls it too. Node's own, from 26 on, takes a connection that has just been accepted for idle,
  // and would turn away the client that is about to send its first request.
  server.closeIdleConnections = () => connections.destroy((socket) => responses.idle(socket));
  attach(server, responses, handlers);
  const bound = await ("fd" in address ? adopt(server, address) : bind(server, address));
  // Out of descriptors, say: the next connection may be accepted again.
  server.on("error", (error) => handlers.onAcceptError(error));
  return {
    address: authorityOf({ host: bound.address, port: bound.port }),
    host: bound.address,
    port: bound.port,
    stop: () => {
      server.close();
    },
    closeIdle: () => server.closeIdleConnections(),
  };
}

function attach(server: Server, responses: OpenResponses, handlers: ListenerHandlers): void {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    responses.add(request.socket, response);
    handlers.onRequest(request, response);
  };
  server.on("request", onRequest);
  // An expectation other than 100-continue may be ignored (RFC 9110 section 10.1.1); it is no way around the gate.
  server.on("checkExpectation", onRequest);

  server.on("upgrade", (request, stream, early) => {
    const socket = ownSocket(request, stream);
    socket.setTimeout(0);
    if (responses.of(socket).length > 0) {
      // The two answers would run into each other.
      handlers.onPipelinedUpgrade(request);
      socket.destroy();
      return;
    }
    handlers.onUpgrade(request, socket, early);
  });

  server.on("connect", (request, stream) => {
    const socket = ownSocket(request, stream);
    const refusal = handlers.onUnreadable(socket, refuse("method_connect"));
    if (responses.of(socket).length > 0) socket.destroy();
    else refuseSocket(socket, refusal);
  });

  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    const open = responses.of(socket);
    if (!socket.writable || error.code === "ECONNRESET" || open.some((answer) => !isWhole(answer))) {
      socket.destroy();
    } else if (open.length > 0) {
      // The answer is whole, but not on its way yet.
      socket.destroySoon();
    } else {
      refuseSocket(socket, handlers.onUnreadable(socket, unreadable(error)));
    }
  });
}

/**
 * From Node 26 on, the stream of an upgrade whose body is still on its way is none of `net`: without `setTimeout`,
 * without `remoteAddress`. Such a request is refused, so its body is dropped, and the answer goes to the socket.
 */
function ownSocket(request: IncomingMessage, stream: Duplex): Socket {
  if (stream !== request.socket) request.resume();
  return request.socket;
}

function unreadable({ code = "" }: NodeJS.ErrnoException): Refusal {
  if (code === "HPE_HEADER_OVERFLOW") return refuse("header_too_large");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return refuse("request_timeout");
  return refuse("malformed_request", code);
}

function bind(server: Server, { host, port }: ListenAddress): Promise<AddressInfo> {
  return listening(server, { host, port });
}

async function adopt(server: Server, { fd }: HandedOver): Promise<AddressInfo> {
  try {
    return await listening(server, { fd });
  } catch (error) {
    throw notTcp(fd, error);
  }
}

function listening(server: Server, where: ListenOptions | HandedOver): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      const bound = server.address();
      if (typeof bound === "object" && bound !== null) resolve(bound);
      else server.close(() => reject(new TypeError("not an IP socket")));
    });
  });
}
