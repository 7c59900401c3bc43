import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { RULES } from "./behaviors.ts";
import type { FakeRelease } from "./behaviors.ts";
import type { Connection, Gateway } from "./gateway.ts";
import type { Session } from "./hello.ts";
import { answerHttp, refusedUpgrade, seen } from "./http.ts";
import type { SeenRequest } from "./http.ts";
import { attribute, first, proxyList } from "./locality.ts";
import type { Attribution } from "./locality.ts";
import { hearsOfPairing } from "./methods.ts";
import { PairingStore } from "./pairing-store.ts";
import { RateLimiter } from "./rate-limit.ts";
import type { RateLimitOptions } from "./rate-limit.ts";
import { sendEvent, serveGateway } from "./socket.ts";

/** A WebSocket path of the gateway's server on which something else than the gateway's protocol is spoken. */
const WORKER_PATH = "/__openclaw__/worker";
const MAX_PAYLOAD_BYTES = 25 * 1024 * 1024;
/** How many requests are remembered. */
const SEEN_LIMIT = 1000;
const SNAPSHOT_BYTES = 12_000;

export interface FakeGatewayOptions {
  readonly release: FakeRelease;
  /** `gateway.auth.token`. */
  readonly token: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly host?: "127.0.0.1" | "::1";
  /** PEM: makes it a `wss://` gateway. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `gateway.trustedProxies`: addresses and CIDR blocks. */
  readonly trustedProxies?: readonly string[];
  /** `gateway.controlUi.allowedOrigins`. */
  readonly allowedOrigins?: readonly string[];
  /** `gateway.nodes.pairing.autoApproveLocal`, 2026.9. */
  readonly autoApproveLocal?: boolean;
  /** `gateway.auth.rateLimit`. */
  readonly rateLimit?: RateLimitOptions;
  /** Answers `connect` with UNAVAILABLE until `setStarting(false)`. */
  readonly starting?: boolean;
  /** Approximate size of hello-ok's snapshot. */
  readonly snapshotBytes?: number;
}

export interface FakeGateway {
  readonly release: FakeRelease;
  readonly host: string;
  readonly port: number;
  /** `ws://127.0.0.1:PORT` (or `wss://`). */
  readonly url: string;
  /** Who is paired and who waits to be. */
  readonly pairing: PairingStore;
  /** Every request and upgrade received, oldest first, the first thousand. */
  readonly requests: readonly SeenRequest[];
  /** WebSockets open now, those of other paths included. */
  readonly connections: number;
  setStarting(starting: boolean): void;
  /** Closes every WebSocket, as a restarting gateway does (1012 "service restart"). */
  closeClients(code?: number, reason?: string): void;
  /** Ends every connection at once and frees the port. */
  close(): Promise<void>;
}

/**
 * Starts a gateway that decides as the given release does, for the demo and for tests; its state is in memory
 * (gateway.md sections 1 to 4). It does not delay failed logins, as 2026.9 does.
 * @throws when the port is taken or an option is no address.
 */
export async function startFakeGateway(options: FakeGatewayOptions): Promise<FakeGateway> {
  const host = options.host ?? "127.0.0.1";
  const rules = RULES[options.release];
  const clients = new Map<WebSocket, Session>();
  let seq = 0;
  const gateway: Gateway = {
    release: options.release,
    rules,
    token: options.token,
    trustedProxies: proxyList(options.trustedProxies ?? []),
    allowedOrigins: (options.allowedOrigins ?? []).map((origin) => origin.toLowerCase()),
    autoApproveLocal: options.autoApproveLocal ?? true,
    snapshotBytes: options.snapshotBytes ?? SNAPSHOT_BYTES,
    store: new PairingStore(rules),
    limiter: rules.alwaysLimits || options.rateLimit ? new RateLimiter(options.rateLimit) : undefined,
    browserLimiter: new RateLimiter({ ...options.rateLimit, exemptLoopback: false }),
    starting: options.starting ?? false,
    broadcast(event, payload) {
      seq += 1;
      for (const [socket, session] of clients)
        if (hearsOfPairing(session)) sendEvent(socket, event, payload, seq);
    },
  };

  const server = options.tls ? createTlsServer(options.tls) : createServer();
  const sockets = trackSockets(server);
  const requests: SeenRequest[] = [];
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
  });

  const attributed = (request: IncomingMessage): Attribution => {
    if (requests.length < SEEN_LIMIT) requests.push(seen(request));
    const { headers, socket } = request;
    return attribute(rules, { headers, remoteAddress: socket.remoteAddress ?? "" }, gateway.trustedProxies);
  };
  const buildId = rules.protocol === 4 ? options.release : undefined;
  server.on("request", (request, response) =>
    answerHttp(request, response, { refused: attributed(request).refused, buildId }),
  );
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const attribution = attributed(request);
    if (attribution.refused) {
      socket.end(refusedUpgrade(), () => socket.destroy());
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      const { pathname } = new URL(request.url ?? "/", "http://stand-in");
      if (pathname === WORKER_PATH) return serveEcho(ws);
      ws.on("close", () => clients.delete(ws));
      const connection = connectionOf(request, attribution);
      return serveGateway(gateway, connection, ws, (session) => clients.set(ws, session));
    });
  });

  server.listen(options.port ?? 0, host);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    release: options.release,
    host,
    port,
    url: `${options.tls ? "wss" : "ws"}://${host === "::1" ? "[::1]" : host}:${port}`,
    pairing: gateway.store,
    requests,
    get connections() {
      return wss.clients.size;
    },
    setStarting(starting) {
      gateway.starting = starting;
    },
    closeClients(code = 1012, reason = "service restart") {
      for (const client of wss.clients) client.close(code, reason);
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** `closeAllConnections()` leaves upgraded sockets open: all are kept here. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return sockets;
}

function connectionOf({ headers }: IncomingMessage, attribution: Attribution): Connection {
  const origin = headers.origin?.trim() === "" ? undefined : headers.origin;
  const scopeCap = first(headers["x-openclaw-scopes"])
    ?.split(",")
    .map((scope) => scope.trim());
  return { id: randomUUID(), nonce: randomUUID(), host: headers.host, origin, attribution, scopeCap };
}

function serveEcho(socket: WebSocket): void {
  socket.on("error", () => socket.terminate());
  socket.on("message", (data, binary) => socket.send(data, { binary }));
}
