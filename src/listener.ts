import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { refuse, type Refusal } from "./gate/refusal.ts";
import { HTTP_IDLE_MS } from "./relay/request.ts";
import { refuseSocket } from "./relay/respond.ts";
import type { ListenAddress } from "./settings/settings.ts";

/** A head must be whole by then: slow ones cost a connection each (CWE-400). */
const HEAD_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
const TCP_KEEP_ALIVE_MS = 30_000;
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
}

/** One bound address. */
export interface Listener {
  /** `127.0.0.1:18788` or `[::1]:18788`, with the port that was really bound. */
  readonly address: string;
  /** Stops listening and ends idle connections. */
  stop(): void;
  closeIdle(): void;
  /** Ends every connection, upgraded ones too: `http.Server` forgets those. */
  destroy(): void;
}

/**
 * Binds one address.
 *
 * @param maxConnections as `--max-connections`
 * @throws the system's error, such as `EADDRINUSE`
 */
export async function listen(
  address: ListenAddress,
  maxConnections: number,
  handlers: ListenerHandlers,
): Promise<Listener> {
  const server = createServer({
    headersTimeout: HEAD_MS,
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
  server.maxConnections = maxConnections + REFUSAL_PLACES;
  server.timeout = HTTP_IDLE_MS;
  const sockets = trackSockets(server);
  attach(server, handlers);
  await bind(server, address);
  return {
    address: formatAddress(server.address()),
    stop: () => {
      server.close();
    },
    closeIdle: () => server.closeIdleConnections(),
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function attach(server: Server, handlers: ListenerHandlers): void {
  const answering = new WeakMap<Socket, number>();

  server.on("request", (request, response) => {
    const { socket } = request;
    answering.set(socket, (answering.get(socket) ?? 0) + 1);
    response.on("close", () => answering.set(socket, (answering.get(socket) ?? 1) - 1));
    handlers.onRequest(request, response);
  });

  server.on("upgrade", (request, socket: Socket, early) => {
    socket.setTimeout(0);
    if (answering.get(socket)) {
      // The two answers would run into each other.
      handlers.onPipelinedUpgrade(request);
      socket.destroy();
      return;
    }
    handlers.onUpgrade(request, socket, early);
  });

  server.on("connect", (_request, socket: Socket) => {
    refuseSocket(socket, handlers.onUnreadable(socket, refuse("method_connect")));
  });

  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === "ECONNRESET" || answering.get(socket)) {
      socket.destroy();
      return;
    }
    refuseSocket(socket, handlers.onUnreadable(socket, unreadable(error)));
  });
}

function unreadable({ code = "" }: NodeJS.ErrnoException): Refusal {
  if (code === "HPE_HEADER_OVERFLOW") return refuse("header_too_large");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return refuse("request_timeout");
  return refuse("malformed_request", code);
}

function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

function bind(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function formatAddress(bound: AddressInfo | string | null): string {
  if (bound === null || typeof bound === "string") return String(bound);
  return bound.family === "IPv6" ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}
