import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, ListenOptions, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { refuse, type Refusal } from "../errors.ts";
import { authorityOf } from "../net/authority.ts";
import type { ListenAddress, Settings } from "../settings/settings.ts";
import type { ClientConnection, Connections } from "./connections.ts";
import { OpenResponses } from "./open-responses.ts";
import { isComplete, refuseSocket } from "./refusal-response.ts";

/** Time for a complete header section: slow ones cost a connection each (CWE-400). */
const HEADERS_MS = 10_000;
/** Without a byte in either direction for so long, an exchange ends; a model may think for minutes. */
export const HTTP_IDLE_MS = 15 * 60_000;
const KEEP_ALIVE_MS = 5_000;
const TCP_KEEP_ALIVE_MS = 30_000;
/** Node's own default, and the gateway's; set here so that NODE_OPTIONS cannot raise it. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Connections beyond `--max-connections` that are still accepted, to get a 503. */
const REFUSAL_SLOTS = 64;

/** Receives what arrives on a listener. */
export interface ListenerHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void;
  /** An upgrade that arrived before an earlier response was complete; its socket is destroyed after this call. */
  onPipelinedUpgrade(request: IncomingMessage): void;
  /** Bytes that are not a request, or a CONNECT. Returns the refusal to send. */
  onUnreadable(socket: Socket, refusal: Refusal): Refusal;
  /** A connection could not be accepted. */
  onAcceptError(error: Error): void;
  onConnectionClosed(connection: ClientConnection, socket: Socket): void;
}

/** A listening socket that another process opened (socket-activation.ts). */
export interface HandedOver {
  /** Its file descriptor in this process. */
  readonly fd: number;
  /** Throws SettingsError if the shim must not listen there. */
  check(bound: ListenAddress, settings: Pick<Settings, "allowFrom" | "gateway">): void;
  /** Returns the error for a descriptor on which a TCP server cannot listen. */
  notTcp(cause: unknown): Error;
}

/** One bound address. */
export interface Listener {
  /** `127.0.0.1:18788` or `[::1]:18788`, with the port that was bound. */
  readonly address: string;
  /** Its IP address alone. */
  readonly host: string;
  readonly port: number;
  /** Stops listening and ends idle connections. */
  stop(): void;
  /** Ends connections whose requests all have a response and that have sent nothing since. */
  closeIdle(): void;
}

/** What a listener needs besides its address. */
export interface ListenerOptions {
  /** As `--max-connections`. */
  readonly maxConnections: number;
  readonly handlers: ListenerHandlers;
  /** Receives every accepted connection. */
  readonly connections: Connections;
  /** Deadline for a header section, in ms; checked once a second. */
  readonly headersMs?: number;
}

/**
 * Binds every address of the settings, or none; handed-over sockets replace them.
 *
 * @throws the system's error if an address cannot be bound, SettingsError for a handed-over socket that is not allowed
 */
export async function listenAll(
  settings: Settings,
  handedOver: readonly HandedOver[],
  options: ListenerOptions,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const socket of handedOver) {
      const listener = await listen(socket, options);
      listeners.push(listener);
      socket.check(listener, settings);
    }
    for (const address of handedOver.length > 0 ? [] : settings.listen) {
      try {
        listeners.push(await listen(address, options));
      } catch (error) {
        if (!address.optional || !isAbsentAddress(error)) throw error;
      }
    }
  } catch (error) {
    for (const listener of listeners) listener.stop();
    options.connections.destroy();
    throw error;
  }
  return listeners;
}

/** Returns true if the machine does not have the address: no IPv6 at all, or no ::1. */
function isAbsentAddress(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL";
}

/**
 * Binds one address, or listens on a socket that was handed over.
 *
 * @throws the system's error, such as `EADDRINUSE`; SettingsError if the handed-over file is not a TCP socket
 */
export async function listen(
  address: ListenAddress | HandedOver,
  { maxConnections, handlers, connections, headersMs = HEADERS_MS }: ListenerOptions,
): Promise<Listener> {
  const server = createServer({
    headersTimeout: headersMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    // Bodies may be of any size; a stalled one ends with the idle timeout.
    requestTimeout: 0,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    noDelay: true,
    // The gate requires exactly one Host, with a better error.
    requireHostHeader: false,
  });
  // By default Node's parser obeys every field but shows only the first 1000: a Content-Length after them would
  // leave a body unframed, and the gateway would read it as a second request. MAX_HEADER_BYTES bounds them instead.
  server.maxHeadersCount = 0;
  server.maxConnections = maxConnections + REFUSAL_SLOTS;
  server.timeout = HTTP_IDLE_MS;
  server.on("connection", (socket) =>
    connections.add(socket, (connection) => handlers.onConnectionClosed(connection, socket)),
  );
  const responses = new OpenResponses();
  // http.Server.close() calls it too. From Node 26 on, Node's own treats a connection that was just accepted as idle,
  // and would close it before the client sends its first request.
  server.closeIdleConnections = () => connections.destroy((socket) => responses.idle(socket));
  attach(server, responses, handlers);
  const bound = await ("fd" in address ? adopt(server, address) : listening(server, address));
  // Such as a lack of descriptors: the next connection may be accepted again.
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
  // An expectation other than 100-continue may be ignored (RFC 9110 section 10.1.1); it must not bypass the gate.
  server.on("checkExpectation", onRequest);

  server.on("upgrade", (request, stream, early) => {
    const socket = ownSocket(request, stream);
    socket.setTimeout(0);
    if (responses.of(socket).length > 0) {
      // The two responses would mix.
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
    if (!socket.writable || error.code === "ECONNRESET" || open.some((response) => !isComplete(response))) {
      socket.destroy();
    } else if (open.length > 0) {
      // The response is complete, but not sent yet.
      socket.destroySoon();
    } else {
      refuseSocket(socket, handlers.onUnreadable(socket, unreadable(error)));
    }
  });
}

/**
 * Returns the socket of a request. From Node 26 on, the stream of an upgrade whose body is still arriving has neither
 * `setTimeout` nor `remoteAddress`. Such a request is refused: its body is dropped, the response goes to the socket.
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

async function adopt(server: Server, socket: HandedOver): Promise<AddressInfo> {
  try {
    return await listening(server, { fd: socket.fd });
  } catch (error) {
    throw socket.notTcp(error);
  }
}

function listening(server: Server, where: ListenOptions | { readonly fd: number }): Promise<AddressInfo> {
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
