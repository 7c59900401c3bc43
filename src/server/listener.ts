import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { refuse, type Refusal } from "../errors.ts";
import { asksForWebSocket, FIELD_LIMIT } from "../gate/request-head.ts";
import type { HostPort } from "../net/authority.ts";
import type { Settings } from "../settings/settings.ts";
import { bind, bindAll } from "./bind.ts";
import { removeFrom } from "../text/list.ts";
import type { ClientConnection, Connections } from "./connections.ts";
import { isComplete, refuseSocket } from "./refusal-response.ts";
import type { HandedOver } from "./socket-activation.ts";

/** Without a byte in either direction for so long, an exchange ends; a model may think for minutes. */
export const HTTP_IDLE_MS = 15 * 60_000;
/** Pipelined requests of a connection that wait for the one before. */
const WAITING_LIMIT = 4;

/** Receives what arrives on a listener. */
export interface ListenerHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void;
  /**
   * A request that cannot wait for an earlier response: it asks for a WebSocket, or too many wait already. Its socket is
   * destroyed after this call.
   */
  onPipelined(request: IncomingMessage): void;
  /** Bytes that are not a request, or a CONNECT. Returns the refusal to send. */
  onUnreadable(socket: Socket, refusal: Refusal): Refusal;
  /** A connection could not be accepted. */
  onAcceptError(error: Error): void;
  /** A connection is closed to make room for another, or for the reason. */
  onDropped(why?: Refusal): void;
  onConnectionClosed(connection: ClientConnection, socket: Socket): void;
}

/** One bound address; `host` is its IP address, `port` the one that was bound. */
export interface Listener extends HostPort {
  /** Stops listening and ends idle connections. */
  stop(): void;
}

/** What a listener needs besides its address. */
export interface ListenerOptions {
  readonly handlers: ListenerHandlers;
  /** Receives every accepted connection. */
  readonly connections: Connections;
  /** Deadline for a header section, in ms; checked once a second. */
  readonly headersMs?: number;
}

/**
 * Listens on every address of the settings, or none; handed-over sockets replace them.
 *
 * @param bound servers that are bound to the addresses already
 * @throws the system's error if an address cannot be bound, SettingsError for a handed-over socket that is not allowed
 */
export async function listenAll(
  settings: Settings,
  handedOver: readonly HandedOver[],
  options: ListenerOptions,
  bound?: Promise<readonly Server[]>,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const socket of handedOver) {
      const listener = await listen({ fd: socket.fd }, options).catch((error: unknown) => {
        throw socket.notTcp(error);
      });
      listeners.push(listener);
      socket.check(listener, settings);
    }
    if (handedOver.length > 0) return listeners;
    for (const server of await (bound ?? bindAll(settings.listen))) listeners.push(serve(server, options));
  } catch (error) {
    for (const listener of listeners) listener.stop();
    options.connections.destroy();
    throw error;
  }
  return listeners;
}

/** Listens on one address, or on a socket of this process. @throws the system's error, such as `EADDRINUSE` */
export async function listen(
  where: HostPort | { readonly fd: number },
  options: ListenerOptions,
): Promise<Listener> {
  return serve(await bind(where, options.headersMs), options);
}

/** Handles what arrives on a bound server. */
function serve(server: Server, { handlers, connections }: ListenerOptions): Listener {
  // Node's parser obeys every field but shows only so many: a Content-Length after them would leave a body unframed, and
  // the gateway would read it as a second request. The gate refuses a request that has as many.
  server.maxHeadersCount = FIELD_LIMIT;
  server.timeout = HTTP_IDLE_MS;
  // http.Server.close() calls it. From Node 26 on, Node's own treats a connection that was just accepted as idle,
  // and would close it before the client sends its first request.
  server.closeIdleConnections = () => connections.destroyIdle();
  handleEvents(server, connections, handlers);
  // Such as a lack of descriptors: the next connection may be accepted again.
  server.on("error", (error) => handlers.onAcceptError(error));
  const stop = (): void => void server.close();
  const bound = server.address();
  if (typeof bound === "object" && bound !== null) return { host: bound.address, port: bound.port, stop };
  stop();
  throw new TypeError("not an IP socket");
}

function handleEvents(server: Server, connections: Connections, handlers: ListenerHandlers): void {
  // One request of a connection at a time: the next waits until the response is sent. Node's parser cannot be stopped
  // without losing sight of a client that disconnects, so a few parsed heads wait here.
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    const connection = connections.of(socket);
    if (connection.dropped) return;
    const start = (): void => {
      handlers.onRequest(request, response);
      // After the handler's listener, which releases the slot.
      response.once("close", () => {
        removeFrom(connection.responses, response);
        connection.receivedAtResponse = socket.bytesRead;
        if (socket.writable) connection.waiting.shift()?.();
      });
    };
    const isFirst = connection.responses.length === 0;
    if (isFirst || (connection.waiting.length < WAITING_LIMIT && !asksForWebSocket(request))) {
      connection.responses.push(response);
      if (isFirst) start();
      else connection.waiting.push(start);
    } else {
      handlers.onPipelined(request);
      socket.destroy();
    }
  };
  server.on("request", onRequest);
  // An expectation other than 100-continue may be ignored (RFC 9110 section 10.1.1); it must not bypass the gate.
  server.on("checkExpectation", onRequest);

  server.on("connection", (socket) => {
    if (connections.add(socket, (connection) => handlers.onConnectionClosed(connection, socket)))
      handlers.onDropped();
  });

  server.on("upgrade", (request, stream, early) => {
    const socket = ownSocket(request, stream);
    socket.setTimeout(0);
    const { responses, dropped } = connections.of(socket);
    if (dropped) return void socket.destroy();
    if (responses.length === 0) return handlers.onUpgrade(request, socket, early);
    // The two responses would mix.
    handlers.onPipelined(request);
    socket.destroy();
  });

  server.on("connect", (request, stream) => {
    const socket = ownSocket(request, stream);
    const refusal = handlers.onUnreadable(socket, refuse("method_connect"));
    if (connections.of(socket).responses.length > 0) socket.destroy();
    else refuseSocket(socket, refusal);
  });

  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    const open = connections.of(socket).responses;
    if (!socket.writable || error.code === "ECONNRESET" || !open.every(isComplete)) {
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
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return refuse("request_timeout", "header section");
  return refuse("malformed_request", code);
}
