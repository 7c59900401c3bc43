import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { BlockList, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { behaviorOf, type Behavior, type FakeRelease } from "./behaviors.ts";
import type { Session } from "./hello.ts";
import { refuseUpgrade, respondHttp, scopedPath, seen, type SeenRequest } from "./http.ts";
import { attribute, first, isTrusted, proxyList, type Attribution } from "./locality.ts";
import { receivesPairing } from "./methods.ts";
import { PairingStore } from "./pairing-store.ts";
import { RateLimiter, type RateLimitOptions } from "./rate-limit.ts";
import { sendEvent, serveGateway } from "./socket.ts";

/** WebSocket paths on which other protocols are spoken. */
const ECHO_PATHS = new Set(["/__openclaw__/worker", "/__openclaw__/ws"]);
const MAX_PAYLOAD_BYTES = 25 * 1024 * 1024;
/** How many requests are recorded. */
const SEEN_LIMIT = 1000;
const SNAPSHOT_BYTES = 12_000;

export interface FakeGatewayOptions {
  readonly release: FakeRelease;
  /** `gateway.auth.token`. */
  readonly token: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** `0.0.0.0` is `gateway.bind: lan`; `url` is then a loopback one. */
  readonly host?: "127.0.0.1" | "::1" | "0.0.0.0";
  /** PEM: makes it a `wss://` gateway. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `gateway.trustedProxies`: addresses and CIDR blocks. */
  readonly trustedProxies?: readonly string[];
  /** `gateway.auth.trustedProxy.userHeader` in lower case: `gateway.auth.mode` is then `trusted-proxy`. */
  readonly userHeader?: string;
  /** `gateway.controlUi.allowedOrigins`. */
  readonly allowedOrigins?: readonly string[];
  /** `gateway.nodes.pairing.autoApproveLocal`, 2026.9. */
  readonly autoApproveLocal?: boolean;
  /** `gateway.auth.rateLimit`. */
  readonly rateLimit?: RateLimitOptions;
  /** Responds to `connect` with UNAVAILABLE until `setStarting(false)`. */
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
  /** Paired devices and pending requests. */
  readonly pairing: PairingStore;
  /** The first thousand requests and upgrades, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** Open WebSockets, on other paths too. */
  readonly connections: number;
  setStarting(starting: boolean): void;
  /** Closes every WebSocket, as a restarting gateway does (1012 "service restart"). */
  closeClients(code?: number, reason?: string): void;
  /** Destroys every connection and frees the port. */
  close(): Promise<void>;
}

/** State and settings that all connections of one fake gateway share. */
export interface Gateway {
  readonly behavior: Behavior;
  readonly token: string;
  readonly trustedProxies: BlockList;
  readonly userHeader: string | undefined;
  readonly allowedOrigins: readonly string[];
  readonly autoApproveLocal: boolean;
  readonly snapshotBytes: number;
  readonly store: PairingStore;
  /** For clients, by address; absent if the release only counts when configured. */
  readonly limiter: RateLimiter | undefined;
  /** For pages. */
  readonly browserLimiter: RateLimiter;
  starting: boolean;
  /** Sends an event to the clients that receive pairing events. */
  broadcast(event: string, payload: unknown): void;
  /** Broadcasts `device.pair.resolved`. */
  broadcastDecision(requestId: string, deviceId: string, decision: "approved" | "rejected"): void;
}

/** What is known of one connection before `connect`. */
export interface Connection {
  readonly id: string;
  readonly nonce: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly attribution: Attribution;
  /** The `x-openclaw-scopes` header. */
  readonly scopeCeiling: readonly string[] | undefined;
  /** The user that a trusted proxy named. */
  readonly user: string | undefined;
}

/**
 * Starts a gateway that decides as the given release does; its state is in memory (docs/gateway.md sections 1 to 4).
 * It does not delay failed logins, as 2026.9 does.
 * @throws if the port is in use or an option is not an address.
 */
export async function startFakeGateway(options: FakeGatewayOptions): Promise<FakeGateway> {
  const { release, host = "127.0.0.1", tls } = options;
  const clients = new Map<WebSocket, Session>();
  const gateway = createGateway(options, clients);
  const server = tls ? createTlsServer(tls) : createServer();
  const sockets = trackSockets(server);
  const requests: SeenRequest[] = [];
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
  });

  const attributeRequest = (request: IncomingMessage): Attribution => {
    // The shim's probes are not included.
    const isProbe = request.headers["user-agent"] === "openclaw-shim";
    if (!isProbe && requests.length < SEEN_LIMIT) requests.push(seen(request));
    const ingress = { headers: request.headers, remoteAddress: request.socket.remoteAddress ?? "" };
    return attribute(gateway.behavior, ingress, gateway.trustedProxies);
  };
  const { token } = options;
  server.on("request", (request, response) =>
    respondHttp(request, response, { ...attributeRequest(request), release, token }),
  );
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const attribution = attributeRequest(request);
    const isFull = wss.clients.size - clients.size >= gateway.behavior.preauthSockets;
    const refusal = refuseUpgrade(request, { ...attribution, release, token }, isFull);
    if (refusal !== undefined) {
      socket.end(refusal, () => socket.destroy());
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      if (ECHO_PATHS.has(scopedPath(request))) return serveEcho(ws);
      ws.on("close", () => clients.delete(ws));
      const connection = connectionOf(gateway, request, attribution);
      return serveGateway(gateway, connection, ws, (session) => clients.set(ws, session));
    });
  });

  server.listen(options.port ?? 0, host);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    release,
    host,
    port,
    url: `${tls ? "wss" : "ws"}://${{ "::1": "[::1]", "0.0.0.0": "127.0.0.1" }[host as string] ?? host}:${port}`,
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

function createGateway(options: FakeGatewayOptions, clients: ReadonlyMap<WebSocket, Session>): Gateway {
  const behavior = behaviorOf(options.release);
  let seq = 0;
  return {
    behavior,
    token: options.token,
    trustedProxies: proxyList(options.trustedProxies ?? []),
    userHeader: options.userHeader,
    allowedOrigins: (options.allowedOrigins ?? []).map((origin) => origin.toLowerCase()),
    autoApproveLocal: options.autoApproveLocal ?? true,
    snapshotBytes: options.snapshotBytes ?? SNAPSHOT_BYTES,
    store: new PairingStore(behavior),
    limiter: behavior.alwaysLimits || options.rateLimit ? new RateLimiter(options.rateLimit) : undefined,
    browserLimiter: new RateLimiter({ ...options.rateLimit, exemptLoopback: false }),
    starting: options.starting ?? false,
    broadcast(event, payload) {
      seq += 1;
      for (const [socket, session] of clients) {
        if (receivesPairing(session)) sendEvent(socket, event, payload, seq);
      }
    },
    broadcastDecision(requestId, deviceId, decision) {
      this.broadcast("device.pair.resolved", { requestId, deviceId, decision, ts: Date.now() });
    },
  };
}

/** Tracks every socket: `closeAllConnections()` leaves upgraded ones open. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return sockets;
}

function connectionOf(
  { userHeader, trustedProxies }: Gateway,
  { headers, socket }: IncomingMessage,
  attribution: Attribution,
): Connection {
  const origin = headers.origin?.trim() === "" ? undefined : headers.origin;
  const scopeCeiling = first(headers["x-openclaw-scopes"])
    ?.split(",")
    .map((scope) => scope.trim());
  const fromProxy = userHeader !== undefined && isTrusted(socket.remoteAddress ?? "", trustedProxies);
  const user = fromProxy ? first(headers[userHeader])?.trim() : undefined;
  return {
    id: randomUUID(),
    nonce: randomUUID(),
    host: headers.host,
    origin,
    attribution,
    scopeCeiling,
    user,
  };
}

function serveEcho(socket: WebSocket): void {
  socket.on("error", () => socket.terminate());
  socket.on("message", (data, binary) => socket.send(data, { binary }));
}
