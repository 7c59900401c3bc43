import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { Approver } from "./approve/approver.ts";
import type { ScopeCeiling } from "./ceiling/scope-ceiling.ts";
import { refuse, type Refusal } from "./errors.ts";
import { rateLimitKey, type AuthRateLimit } from "./gate/auth-rate-limit.ts";
import { isRefusal, type Admission, type Gate } from "./gate/gate.ts";
import { asksForWebSocket } from "./gate/request-head.ts";
import { fieldValues } from "./headers/header-table.ts";
import { normalize, type NormalizeTarget } from "./headers/normalize.ts";
import { freshId } from "./net/fresh-id.ts";
import { withoutMappedPrefix } from "./net/ip-address.ts";
import { carriesCredential } from "./outcome/credential.ts";
import type { Outcomes, UpgradeFacts } from "./outcome/outcomes.ts";
import { UpgradeSession } from "./outcome/upgrade-session.ts";
import type { ClientConnection, Connections } from "./server/connections.ts";
import type { ListenerHandlers } from "./server/listener.ts";
import { refuseResponse, refuseSocket } from "./server/refusal-response.ts";
import type { Settings } from "./settings/settings.ts";
import type { Status } from "./status/status.ts";
import { printable, shownPath } from "./text/printable.ts";
import type { Dialer } from "./upstream/dial.ts";
import type { RequestRelay } from "./upstream/plain-http.ts";
import { relayUpgrade } from "./upstream/websocket-upgrade.ts";

const DROP_LOG_MS = 10_000;

/** The parts that a request passes through. */
export interface ProxyParts {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly connections: Connections;
  readonly gate: Gate;
  readonly status: () => Promise<Status>;
  readonly rateLimit: AuthRateLimit;
  readonly dialer: Dialer;
  readonly requests: () => Promise<RequestRelay>;
  readonly outcomes: Outcomes;
  /** Only with `--approve seen`. */
  readonly approver: Approver | undefined;
  /** Only with `--max-scopes`. */
  readonly ceiling: ScopeCeiling | undefined;
}

/** Handles every request and upgrade of one shim. Each handler is the list of steps that it takes. */
export class Proxy implements ListenerHandlers {
  readonly #parts: ProxyParts;
  #draining = false;
  #dropTimer: NodeJS.Timeout | undefined;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
  }

  /** From now on refuses further requests of a connection; its first one is still served. */
  drain(): void {
    this.#draining = true;
  }

  onUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
    const { settings, connections, gate, rateLimit, dialer, outcomes, approver, ceiling } = this.#parts;
    const { facts, isFirst } = this.#begin(request);
    const refuseUpgrade = (refusal: Refusal): void => {
      this.#reportDenied(request, facts, refusal);
      refuseSocket(socket, refusal);
    };
    // A socket that was reset has no address that the gate could judge.
    if (socket.remoteAddress === undefined && asksForWebSocket(request)) {
      outcomes.observed(facts, { challenged: false, end: "client" });
      socket.destroy();
      return;
    }

    // 1. Gate: peer, request head, Host, Origin, --forwarded; then the limits.
    const admission = gate.admit(request, socket, "websocket");
    if (isRefusal(admission)) return refuseUpgrade(admission);
    if (isStatusPath(request.url ?? "")) return refuseUpgrade(refuse("not_found", `WebSocket ${facts.path}`));
    const full = rateLimit.check(facts.rateLimitKey) ?? this.#acquireSlot(isFirst);
    if (full) return refuseUpgrade(full);

    // 2. Normalize the header section.
    const normalized = normalize(request.rawHeaders, this.#target("websocket", admission));

    // 3. Relay. 4. The session reports the outcome when the handshake is over, and then only holds the slot.
    const session = new UpgradeSession(
      { ...facts, normalized, publicForwarded: admission.publicForwarded },
      outcomes,
      connections,
      approver,
    );
    const listener = ceiling?.guard(session) ?? session;
    const head = upgradeHead(request, ceiling?.limit(normalized.rawHeaders) ?? normalized.rawHeaders);
    const { conn } = facts;
    relayUpgrade({ client: socket, conn, early, head, holdMs: settings.hold, dialer, listener });
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { connections, gate, status, rateLimit, requests, logger, ceiling } = this.#parts;
    // A client that resets its connection must not end the process.
    request.on("error", () => {});
    response.on("error", () => {});
    const { facts, isFirst } = this.#begin(request);
    const destroy = (): unknown => response.destroy();
    const refuseRequest = (refusal: Refusal): void => {
      this.#reportDenied(request, facts, refusal);
      refuseResponse(response, refusal);
    };

    // 1. Gate, as for an upgrade; the shim's own pages are served before the limits.
    const admission = gate.admit(request, request.socket, "http");
    if (isRefusal(admission)) return refuseRequest(admission);
    if (asksForWebSocket(request)) return refuseRequest(refuse("upgrade_incomplete"));
    if (isStatusPath(request.url ?? "")) {
      const responded = status().then((pages) => pages.respond(request, response, admission));
      return void responded.then((refusal) => refusal && refuseRequest(refusal)).catch(destroy);
    }
    const beyond = ceiling?.checkRequest(request);
    if (beyond) return refuseRequest(beyond);
    const key = facts.sentCredential ? facts.rateLimitKey : undefined;
    const full = rateLimit.check(key) ?? this.#acquireSlot(isFirst);
    if (full) return refuseRequest(full);
    let relay: RequestRelay | undefined;
    const finish = async (): Promise<void> => {
      // A client may disconnect because it knows that its credential was wrong: 2026.9 delays only those responses.
      const isOpen = key !== undefined && !response.headersSent;
      const late = isOpen ? await relay?.statusAfterAbort(response) : undefined;
      connections.releaseSlot();
      // A success resets nothing: routes without authentication respond 200 to a wrong credential.
      if ((late ?? response.statusCode) === 401) rateLimit.failed(key);
      const { conn, peer, path, startedAt } = facts;
      const sent = response.headersSent ? response.statusCode : undefined;
      const http = { method: printable(request.method ?? ""), status: sent };
      const ms = Math.round(performance.now() - startedAt);
      logger.debug({ event: "request", conn, http, peer, path, ms }, "request");
    };
    response.once("close", () => void finish());

    // 2. Normalize the header section.
    const framing = request.headers["transfer-encoding"] === undefined ? "plain" : "chunked";
    const { rawHeaders } = normalize(request.rawHeaders, this.#target(framing, admission));
    const limited = ceiling?.limit(rawHeaders) ?? rawHeaders;

    // 3. Relay.
    void requests()
      .then((loaded) => (relay = loaded).relay(request, response, limited, facts.conn))
      .catch(destroy);
  }

  onPipelinedUpgrade(request: IncomingMessage): void {
    this.#reportDenied(request, this.#begin(request).facts, refuse("malformed_request", "pipelined upgrade"));
  }

  onUnreadable(socket: Socket, found: Refusal): Refusal {
    const refusal = this.#parts.gate.admitPeer(socket.remoteAddress) ?? found;
    this.#logDenied({ conn: freshId(), peer: peerOf(socket) }, refusal);
    return refusal;
  }

  onAcceptError({ message }: Error): void {
    const reason = printable(message);
    this.#parts.logger.error({ event: "accept.failed", reason }, "a connection could not be accepted");
  }

  onDropped(): void {
    this.#parts.connections.dropped += 1;
    if (!this.#dropTimer) this.#logDropped();
  }

  onConnectionClosed({ id: conn, acceptedAt, requests }: ClientConnection, socket: Socket): void {
    const ms = Math.round(performance.now() - acceptedAt);
    const { bytesRead: received, bytesWritten: sent } = socket;
    const line = { event: "connection.closed", conn, requests, received, sent, ms };
    this.#parts.logger.debug(line, "connection closed");
  }

  /** Logs the first dropped connection, then at most once in DROP_LOG_MS how many there were since start. */
  #logDropped(): void {
    const { connections, logger } = this.#parts;
    const { dropped, maxSlots } = connections;
    const { fix } = refuse("too_many_connections", String(maxSlots));
    logger.warn({ event: "connection.dropped", dropped, fix }, "connections dropped: too many are open");
    this.#dropTimer = setTimeout(() => {
      this.#dropTimer = undefined;
      if (connections.dropped > dropped) this.#logDropped();
    }, DROP_LOG_MS).unref();
  }

  /** Counts a request of its connection, and collects what is known before the gate. */
  #begin({ url, socket, rawHeaders }: IncomingMessage): { facts: UpgradeFacts; isFirst: boolean } {
    const connection = this.#parts.connections.of(socket);
    connection.requests += 1;
    const isFirst = connection.requests === 1;
    const facts = {
      conn: connection.id,
      peer: peerOf(socket),
      path: shownPath(url),
      startedAt: isFirst ? connection.acceptedAt : performance.now(),
      rateLimitKey: rateLimitKey(socket.remoteAddress ?? "", fieldValues(rawHeaders, "origin")[0]),
      sentCredential: carriesCredential(rawHeaders),
    };
    return { facts, isFirst };
  }

  #acquireSlot(isFirst: boolean): Refusal | undefined {
    // A successor cannot take over a connection that was accepted just before the drain: to refuse its first request
    // would lose a client at every restart.
    return this.#draining && !isFirst ? refuse("draining") : this.#parts.connections.acquireSlot();
  }

  #target(framing: NormalizeTarget["framing"], admission: Admission): NormalizeTarget {
    const { gateway, strip } = this.#parts.settings;
    const { authority, origin } = gateway;
    const own = admission.origin === "own" ? origin : undefined;
    return { authority, strip, framing, origin: own, ...admission.remote };
  }

  #reportDenied(request: IncomingMessage, facts: UpgradeFacts, refusal: Refusal): void {
    if (asksForWebSocket(request)) this.#parts.outcomes.denied(facts, refusal);
    else this.#logDenied(facts, refusal);
  }

  #logDenied({ conn, peer, path }: Partial<UpgradeFacts>, { code, status, fix, command }: Refusal): void {
    const line = { event: "request.denied", conn, reason: code, http: { status }, peer, path, fix, command };
    this.#parts.logger.warn(line, "request denied");
  }
}

/** Returns true if a request target belongs to the shim: such a request is never forwarded. */
function isStatusPath(url: string): boolean {
  return /^\/__shim__(?:[/?#]|$)/.test(url);
}

/** Returns the peer's address, an IPv4 peer of a dual-stack socket in its IPv4 form. */
function peerOf({ remoteAddress = "(gone)" }: Socket): string {
  return withoutMappedPrefix(remoteAddress);
}

/** Serializes the request head for the gateway. Node's parser guarantees that no part holds a line break. */
function upgradeHead({ url = "/" }: IncomingMessage, rawHeaders: readonly string[]): string {
  let head = `GET ${url} HTTP/1.1\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return `${head}\r\n`;
}
