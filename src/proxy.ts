import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { Approver } from "./approve/approver.ts";
import type { Connections } from "./server/connections.ts";
import { freshId } from "./net/fresh-id.ts";
import { guessingCaller, type GuessLimiter } from "./gate/auth-rate-limit.ts";
import { isRefusal, type Admission, type Gate } from "./gate/gate.ts";
import type { ConnectionLimit } from "./gate/connection-limit.ts";
import { addressMatcher, checkPeer } from "./net/ip-address.ts";
import { refuse, type Refusal } from "./errors.ts";
import { asksForWebSocket, fieldValues } from "./gate/request-head.ts";
import type { ListenerHandlers } from "./server/listener.ts";
import { normalize, type NormalizeTarget } from "./headers/normalize.ts";
import { carriesCredential, credentialWas } from "./outcome/credential.ts";
import { PairingObserver } from "./outcome/observer.ts";
import { isNotPaired } from "./outcome/outcome.ts";
import type { ConnectionFacts, Passed, Reporter } from "./outcome/report.ts";
import type { Dialer } from "./upstream/dial.ts";
import type { RequestRelay } from "./upstream/plain-http.ts";
import { refuseResponse, refuseSocket } from "./server/respond.ts";
import { relayUpgrade, type UpgradeListener } from "./upstream/websocket-upgrade.ts";
import type { Settings } from "./settings/settings.ts";
import { shownPath } from "./text/shown-path.ts";
import { isStatusPath, type Status } from "./status/status.ts";
import { printable } from "./text/printable.ts";

/** The rooms that a request passes. */
export interface Rooms {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly gate: Gate;
  readonly connections: Connections;
  readonly limit: ConnectionLimit;
  readonly guesses: GuessLimiter;
  readonly dialer: Dialer;
  readonly requests: RequestRelay;
  readonly reporter: Reporter;
  readonly status: Status;
  /** Only with `--approve seen`. */
  readonly approver?: Approver | undefined;
}

/** The way through: gate, normalize, relay, report. */
export interface Passage {
  readonly handlers: ListenerHandlers;
  /** From now on further requests of a connection are refused; its first one still gets through. */
  drain(): void;
}

/** Leads every request of one shim through its rooms. */
export function createPassage(rooms: Rooms): Passage {
  const { settings, logger, gate, connections, limit, guesses } = rooms;
  const { dialer, requests, reporter, status, approver } = rooms;
  const allowedPeer = addressMatcher(settings.allowFrom);
  const served = new WeakSet<Socket>();
  let draining = false;

  function onUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
    const facts = factsOf(request, connections.requestStart(socket));
    if (socket.remoteAddress === undefined && asksForWebSocket(request)) {
      reporter.left(facts);
      socket.destroy();
      return;
    }
    const admission = gate.admit(request, socket, "websocket");
    if (isRefusal(admission)) return refuseUpgrade(request, socket, facts, admission);
    if (isStatusPath(request.url ?? "")) {
      return refuseUpgrade(request, socket, facts, refuse("not_found", `WebSocket ${facts.path}`));
    }
    const caller = callerOf(request);
    const full = guesses.check(caller) ?? enter(socket);
    if (full) return refuseUpgrade(request, socket, facts, full);

    const normalized = normalize(request.rawHeaders, targetOf("websocket", admission));
    const observer = observe(facts, { normalized, admission }, { caller, rawHeaders: request.rawHeaders });
    const listener = listenerOf(observer, facts);
    const head = headOf(request, normalized.rawHeaders);
    relayUpgrade({ client: socket, early, head, holdMs: settings.holdMs, dialer, listener });
  }

  // These two stand apart so that what one connection keeps for good does not hold what only its handshake needs.
  function observe(
    facts: ConnectionFacts,
    passed: Passed,
    { caller, rawHeaders }: { readonly caller: string | undefined; readonly rawHeaders: readonly string[] },
  ): PairingObserver {
    return new PairingObserver(
      (seen) => {
        const reported = reporter.observed(facts, passed, seen);
        const { outcome, requestId } = reported;
        const credential = credentialWas(reported, seen, rawHeaders);
        if (credential === "right") guesses.succeeded(caller);
        if (credential === "wrong") guesses.failed(caller);
        if (outcome === "pairing-required" && seen.connect && isNotPaired(seen)) {
          approver?.refused(facts.conn, seen.connect, requestId);
        }
      },
      approver && ((connect, isSigned) => approver.beforeConnect(facts.conn, connect, isSigned)),
    );
  }

  function listenerOf(observer: PairingObserver, facts: ConnectionFacts): UpgradeListener {
    return {
      taps: observer.taps,
      onAnswer: (code) => observer.onAnswer(code),
      onAnswerContent: (bytes) => observer.onAnswerContent(bytes),
      onUnreachable: (failure) => observer.onUnreachable(failure),
      onDenied: (refusal) => {
        observer.onDenied();
        reporter.denied(facts, refusal);
      },
      onClosed: (first) => {
        // First: a user's logger may throw.
        limit.leave();
        observer.onClosed(first);
      },
    };
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    // A client that resets is no reason to end the process.
    request.on("error", () => {});
    response.on("error", () => {});
    const startedAt = connections.requestStart(request.socket);
    const deny = (refusal: Refusal): void => {
      reportDenied(request, factsOf(request, startedAt), refusal);
      refuseResponse(response, refusal);
    };
    const admission = gate.admit(request, request.socket, "http");
    if (isRefusal(admission)) return deny(admission);
    if (asksForWebSocket(request)) return deny(refuse("upgrade_incomplete"));
    if (isStatusPath(request.url ?? "")) {
      const refusal = status.answer(request, response, admission);
      return refusal && deny(refusal);
    }
    const caller = carriesCredential(request.rawHeaders) ? callerOf(request) : undefined;
    const full = guesses.check(caller) ?? enter(request.socket);
    if (full) return deny(full);

    response.once("close", () => {
      limit.leave();
      // Nothing clears the count: what needs no credential answers a wrong one with 200. Who leaves before the answer
      // may know it all the same: 2026.9 answers a right credential at once, and lets a wrong one wait.
      if (response.statusCode === 401 || !response.headersSent) guesses.failed(caller);
    });
    const framing = request.headers["transfer-encoding"] === undefined ? "plain" : "chunked";
    requests.relay(request, response, normalize(request.rawHeaders, targetOf(framing, admission)).rawHeaders);
  }

  function enter(socket: Socket): Refusal | undefined {
    // A connection that was accepted just before the drain is in no queue that a successor could take it from: to
    // refuse what it was made for would lose a client at every restart.
    const first = !served.has(socket);
    served.add(socket);
    return draining && !first ? refuse("draining") : limit.enter();
  }

  function targetOf(framing: NormalizeTarget["framing"], admission: Admission): NormalizeTarget {
    const { authority, origin } = settings.gateway;
    return { authority, framing, ...(admission.origin === "own" && { origin }) };
  }

  function refuseUpgrade(
    request: IncomingMessage,
    socket: Socket,
    facts: ConnectionFacts,
    refusal: Refusal,
  ): void {
    reportDenied(request, facts, refusal);
    refuseSocket(socket, refusal);
  }

  function reportDenied(request: IncomingMessage, facts: ConnectionFacts, refusal: Refusal): void {
    if (asksForWebSocket(request)) reporter.denied(facts, refusal);
    else logDenied(facts, refusal);
  }

  function logDenied(
    facts: Pick<ConnectionFacts, "conn" | "peer"> & { path?: string },
    refusal: Refusal,
  ): void {
    const { conn, peer, path } = facts;
    const { rule: reason, status: code, fix } = refusal;
    logger.warn(
      { event: "request.denied", conn, reason, http: { status: code }, peer, path, fix },
      "request denied",
    );
  }

  return {
    handlers: {
      onRequest,
      onUpgrade,
      onPipelinedUpgrade: (request) =>
        reportDenied(
          request,
          factsOf(request, connections.requestStart(request.socket)),
          refuse("malformed_request", "pipelined upgrade"),
        ),
      onUnreadable: (socket, what) => {
        const refusal = checkPeer(socket.remoteAddress, allowedPeer) ?? what;
        logDenied({ conn: freshId(), peer: peerOf(socket) }, refusal);
        return refusal;
      },
      onAcceptError: ({ message }) => {
        logger.error(
          { event: "accept.failed", reason: printable(message) },
          "a connection could not be accepted",
        );
      },
    },
    drain: () => {
      draining = true;
    },
  };
}

function factsOf({ url, socket }: IncomingMessage, startedAt: number): ConnectionFacts {
  return { conn: freshId(), peer: peerOf(socket), path: shownPath(url), startedAt };
}

/** Whose failures to sign in count together with this request's. */
function callerOf({ socket, rawHeaders }: IncomingMessage): string | undefined {
  return guessingCaller(socket.remoteAddress ?? "", fieldValues(rawHeaders, "origin")[0]);
}

/** The peer's address; a dual-stack socket's IPv4 peers in their IPv4 form. */
function peerOf({ remoteAddress = "(gone)" }: Socket): string {
  return remoteAddress.replace(/^::ffff:/i, "");
}

/** The head of a clean upgrade request; Node's parser has seen to it that no part holds a line break. */
function headOf({ url = "/" }: IncomingMessage, rawHeaders: readonly string[]): string {
  let head = `GET ${url} HTTP/1.1\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return `${head}\r\n`;
}
