import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { Approver } from "./approve/approver.ts";
import type { ScopeCeiling } from "./ceiling/scope-ceiling.ts";
import { refuse, type Refusal } from "./errors.ts";
import type { Attempt } from "./gate/attempt-limit.ts";
import { AttemptSource } from "./gate/attempt-source.ts";
import { isRefusal, type Admission, type Gate } from "./gate/gate.ts";
import { asksForWebSocket, isStatusPath, traceIdOf } from "./gate/request-head.ts";
import type { FloodLog } from "./log/flood-log.ts";
import { normalize, type NormalizeTarget } from "./headers/normalize.ts";
import { withoutMappedPrefix } from "./net/ip-address.ts";
import type { AuthLimits } from "./outcome/auth-limits.ts";
import { credentialsOf } from "./outcome/credential.ts";
import type { Metrics } from "./outcome/metrics.ts";
import type { Outcomes, UpgradeFacts } from "./outcome/outcomes.ts";
import { RequestSession } from "./outcome/request-session.ts";
import { UpgradeSession } from "./outcome/upgrade-session.ts";
import type { ClientConnection, Connections } from "./server/connections.ts";
import type { ListenerHandlers } from "./server/listener.ts";
import { refuseResponse, refuseSocket } from "./server/refusal-response.ts";
import type { Slot } from "./server/slots.ts";
import type { Settings } from "./settings/settings.ts";
import type { Status } from "./status/status.ts";
import { printable, shownPath } from "./text/printable.ts";
import type { Dialer } from "./upstream/dial.ts";
import type { RequestRelay } from "./upstream/plain-http.ts";
import { relayUpgrade, requestHead } from "./upstream/websocket-upgrade.ts";

/** The parts that a request passes through. */
export interface ProxyParts {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly floods: FloodLog;
  readonly metrics: Metrics;
  readonly connections: Connections;
  readonly gate: Gate;
  readonly status: () => Promise<Status>;
  readonly limits: AuthLimits;
  readonly dialer: Dialer;
  readonly requests: () => RequestRelay | Promise<RequestRelay>;
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

  constructor(parts: ProxyParts) {
    this.#parts = parts;
  }

  /** From now on refuses further requests of a connection; its first one is still served. */
  drain(): void {
    this.#draining = true;
  }

  onUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
    const { settings, gate, limits, dialer, outcomes, approver, ceiling } = this.#parts;
    const { facts, isFirst, credentials } = this.#begin(request);
    const refuseUpgrade = (refusal: Refusal): void => {
      this.#reportDenied(request, facts, refusal);
      refuseSocket(socket, refusal);
    };
    const abandon = (): void => {
      outcomes.observed(facts, { challenged: false, end: "client" });
      socket.destroy();
    };
    // A socket that was reset has no address that the gate could judge.
    if (socket.remoteAddress === undefined && asksForWebSocket(request)) return abandon();

    // 1. Gate: peer, request head, Host, Origin, --forwarded.
    const admission = gate.admit(request, socket, "websocket");
    if (isRefusal(admission)) return refuseUpgrade(admission);
    if (isStatusPath(request.url ?? "")) return refuseUpgrade(refuse("not_found", `WebSocket ${facts.path}`));

    // 2. Normalize the header section. What is deleted says where the request comes from; then the limits.
    const normalized = normalize(request.rawHeaders, this.#target("websocket", admission));
    const source = new AttemptSource(socket.remoteAddress ?? "", admission.origin, normalized.stripped);
    const slot = limits.checkPeer(source) ?? this.#acquireSlot(isFirst, socket);
    if (isRefusal(slot)) return refuseUpgrade(slot);

    // 3. Relay. 4. The session reports the outcome when the handshake is over, and then only holds the slot.
    const relay = (attempt?: Attempt): void => {
      const { publicForwarded } = admission;
      const upgrade = Object.assign(facts, { normalized, publicForwarded, source, attempt });
      const session = new UpgradeSession(upgrade, outcomes, slot, limits, approver);
      const listener = ceiling?.guard(session) ?? session;
      const head = requestHead(request.url, ceiling?.limit(normalized.rawHeaders) ?? normalized.rawHeaders);
      const { conn } = facts;
      slot.end = relayUpgrade({
        client: socket,
        conn,
        early,
        head,
        holdMs: settings.hold,
        dialer,
        slot,
        listener,
      });
    };
    if (credentials === undefined) return relay();
    socket.on("error", () => {});
    slot.isSafe = () => true;
    slot.end = refuseUpgrade;
    void limits.takeTurn(request, source, credentials).then((entered) => {
      if (socket.writableEnded) return; // refused meanwhile
      if (!isRefusal(entered) && !socket.destroyed) return relay(entered.attempt);
      slot.release();
      return isRefusal(entered) && !socket.destroyed ? refuseUpgrade(entered) : abandon();
    });
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { gate, status, limits, requests, logger, ceiling } = this.#parts;
    // A client that resets its connection must not end the process.
    request.on("error", () => {});
    response.on("error", () => {});
    const { facts, isFirst, credentials } = this.#begin(request);
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

    // 2. Normalize the header section; then the limits.
    const framing = request.headers["transfer-encoding"] === undefined ? "plain" : "chunked";
    const { rawHeaders, stripped } = normalize(request.rawHeaders, this.#target(framing, admission));
    const source = new AttemptSource(request.socket.remoteAddress ?? "", admission.origin, stripped);
    const limited = credentials === undefined ? undefined : limits.checkPeer(source);
    const slot = limited ?? this.#acquireSlot(isFirst, request.socket);
    if (isRefusal(slot)) return refuseRequest(slot);
    const session = new RequestSession({ request, response, facts, slot, logger, refuse: refuseRequest });

    // 3. Relay; with a credential when its turn comes. The session ends with the response.
    const clean = ceiling?.limit(rawHeaders) ?? rawHeaders;
    const loaded = requests();
    if (credentials === undefined && !(loaded instanceof Promise)) return session.relay(loaded, clean);
    const turn = credentials === undefined ? undefined : limits.takeTurn(request, source, credentials);
    void Promise.all([loaded, turn])
      .then(([relays, entered]) => {
        if (!entered || !isRefusal(entered)) return session.relay(relays, clean, entered);
        return response.destroyed ? undefined : refuseRequest(entered);
      })
      .catch(destroy);
  }

  onPipelined(request: IncomingMessage): void {
    const refusal = refuse("malformed_request", "pipelined upgrade, or too many pipelined requests");
    this.#reportDenied(request, this.#begin(request).facts, refusal);
  }

  onUnreadable(socket: Socket, found: Refusal): Refusal {
    const refusal = this.#parts.gate.admitPeer(socket.remoteAddress) ?? found;
    const { id: conn, traceId } = this.#parts.connections.of(socket);
    this.#logDenied({ conn, traceId, peer: peerOf(socket) }, refusal);
    return refusal;
  }

  onAcceptError({ message }: Error): void {
    const reason = printable(message);
    this.#parts.logger.error({ event: "accept.failed", reason }, "a connection could not be accepted");
  }

  onDropped(why?: Refusal): void {
    const { code: reason, fix } = why ?? refuse("evicted", String(this.#parts.connections.slots.max));
    const line = { event: "connection.dropped", reason, fix };
    this.#parts.floods.warn(line, `connection dropped: ${why?.message ?? "too many are open"}`);
  }

  onConnectionClosed({ id: conn, traceId, acceptedAt, requests }: ClientConnection, socket: Socket): void {
    const ms = Math.round(performance.now() - acceptedAt);
    const { bytesRead: received, bytesWritten: sent } = socket;
    const line = { event: "connection.closed", conn, traceId, requests, received, sent, ms };
    this.#parts.logger.debug(line, "connection closed");
  }

  /** Counts a request of its connection, and collects what is known before the gate. */
  #begin({ url, socket, rawHeaders }: IncomingMessage) {
    const connection = this.#parts.connections.of(socket);
    connection.requests += 1;
    const isFirst = connection.requests === 1;
    const credentials = credentialsOf(rawHeaders, url);
    connection.traceId = traceIdOf(rawHeaders);
    const facts = {
      conn: connection.id,
      traceId: connection.traceId,
      peer: peerOf(socket),
      path: shownPath(url),
      startedAt: isFirst ? connection.acceptedAt : performance.now(),
      sentCredential: credentials !== undefined,
    };
    return { facts, isFirst, credentials };
  }

  #acquireSlot(isFirst: boolean, socket: Socket): Slot | Refusal {
    // A successor cannot take over a connection that was accepted just before the drain: to refuse its first request
    // would lose a client at every restart.
    return this.#draining && !isFirst ? refuse("draining") : this.#parts.connections.slots.acquire(socket);
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

  #logDenied(facts: Partial<UpgradeFacts>, { code: reason, status, fix, command }: Refusal): void {
    const { conn, traceId, peer, path } = facts;
    const http = { status };
    const line = { event: "request.denied", conn, traceId, reason, http, peer, path, fix, command };
    this.#parts.metrics.noteDenied(reason);
    this.#parts.floods.warn(line, "request denied");
  }
}

/** Returns the peer's address, an IPv4 peer of a dual-stack socket in its IPv4 form. */
function peerOf({ remoteAddress = "(gone)" }: Socket): string {
  return withoutMappedPrefix(remoteAddress);
}
