import {
  request as startRequest,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import { refuse, refuseUnreachable, type Refusal } from "../errors.ts";
import { hasOneLength, isFramed } from "../gate/request-head.ts";
import { canonicalName, connectionOptions, HOP_BY_HOP } from "../headers/header-table.ts";
import { isLoopbackName } from "../net/authority.ts";
import { isComplete, refuseResponse } from "../server/refusal-response.ts";
import { countRelayed, type Slot } from "../server/slots.ts";
import type { Settings } from "../settings/settings.ts";
import { errorCode, messageOf } from "../text/printable.ts";
import { afterTurn } from "./after-turn.ts";
import type { Dialer } from "./dial.ts";
import { GatewayConnection, IdleConnections } from "./idle-connections.ts";
import { ResponseWriter } from "./response-writer.ts";

/** How long a response to a credential is awaited after its client disconnected: 2026.8 and later delay a 401 by up to 5 s. */
const JUDGED_MS = 6_000;
/** RFC 9112 section 4. */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** One request to forward. */
export interface PlainRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly slot: Pick<Slot, "gateway">;
  /** The normalized header section. */
  readonly rawHeaders: readonly string[];
  /** The id of the client's connection. */
  readonly conn: string;
  /** Is called with the status of the gateway's response, before it is forwarded. */
  readonly onStatus?: ((status: number) => void) | undefined;
}

/** Relays plain HTTP requests, over connections that the dialer of the upgrades opens. */
export class RequestRelay {
  readonly holdMs: number;
  readonly dialer: Dialer;
  readonly idle = new IdleConnections();
  /** The gateway's close is seen as soon as it happens. */
  readonly isNear: boolean;

  constructor({ gateway, hold }: Settings, dialer: Dialer) {
    this.isNear = isLoopbackName(gateway.host);
    this.holdMs = hold;
    this.dialer = dialer;
  }

  /** Forwards a request, and streams the response back. It waits for a gateway that is not up yet, its body unread. */
  relay(request: PlainRequest): Exchange {
    return new Exchange(request, this);
  }
}

/** A request in progress. Its user calls `end()` when the client's response is closed. */
export class Exchange {
  /** Undefined when it is over: an exchange that the garbage collector has not found yet keeps nothing. */
  #to: PlainRequest | undefined;
  readonly #relay: RequestRelay;
  readonly #hasBody: boolean;
  /** It may go on a connection that carries other requests, too. */
  readonly #mayShare: boolean;
  #cancelDial: (() => void) | undefined;
  #outgoing: ClientRequest | undefined;
  /** Is called with the status of a response whose client has disconnected. */
  #judge: ((status: number | undefined) => void) | undefined;

  constructor(to: PlainRequest, relay: RequestRelay) {
    this.#to = to;
    this.#relay = relay;
    this.#hasBody = !/^(?:GET|HEAD)$/.test(to.request.method ?? "") || isFramed(to.rawHeaders);
    this.#mayShare = !this.#hasBody || (relay.isNear && hasOneLength(to.request.method, to.rawHeaders));
    // A request with a body is never sent again (RFC 9110 section 9.2.2), so a connection that the gateway has closed must
    // not be used: in the next two turns of the event loop all is read that has arrived by now.
    if (this.#hasBody && this.#mayShare && relay.idle.size > 0)
      afterTurn(() => afterTurn(() => this.#to && this.#begin(this.#to)));
    else this.#begin(to);
  }

  #begin(to: PlainRequest): void {
    const idle = this.#mayShare ? this.#relay.idle.take() : undefined;
    if (idle) this.#send(to, idle, true);
    else this.#dial(to);
  }

  /** Ends the exchange, also while it waits for the gateway. */
  end(): void {
    this.#to = undefined;
    this.#cancelDial?.();
    this.#outgoing?.destroy();
    this.#outgoing = undefined;
  }

  /**
   * Ends the exchange once the gateway has responded. Resolves with the status of its response; with undefined if there
   * is none in time.
   */
  statusAfterAbort(): Promise<number | undefined> {
    const outgoing = this.#outgoing;
    if (!outgoing || outgoing.destroyed) {
      this.end();
      return Promise.resolve(undefined);
    }
    this.#to = undefined;
    return new Promise((resolve) => {
      const deadline = setTimeout(() => this.#judge?.(undefined), JUDGED_MS);
      this.#judge = (status) => {
        clearTimeout(deadline);
        resolve(status);
        this.end();
      };
    });
  }

  #refuse(refusal: Refusal): void {
    const { response } = this.#to ?? {};
    this.end();
    if (response && !isComplete(response)) refuseResponse(response, refusal);
  }

  #dial(to: PlainRequest): void {
    const hold = { holdMs: this.#relay.holdMs, conn: to.conn };
    this.#cancelDial = this.#relay.dialer.dial(hold, (result) => {
      this.#cancelDial = undefined;
      if ("failure" in result) this.#refuse(refuseUnreachable("gateway_unreachable", result.failure));
      else this.#send(to, new GatewayConnection(result.socket), false);
    });
  }

  #send(to: PlainRequest, connection: GatewayConnection, isReused: boolean): void {
    const { socket } = connection;
    const { request, response, slot } = to;
    const outgoing = this.#start(to, connection);
    if (!outgoing) {
      socket.destroy();
      return void response.destroy();
    }
    let upstream: IncomingMessage | undefined;
    this.#outgoing = outgoing;
    slot.gateway = socket;
    outgoing.shouldKeepAlive = this.#mayShare;
    outgoing.on("response", (incoming: IncomingMessage) => {
      upstream = incoming;
      this.#respond(to, outgoing, incoming);
    });
    // A 101 comes only here; without a listener the client would wait for the idle timeout.
    outgoing.on("upgrade", (_response: IncomingMessage, stream: Duplex) => {
      stream.destroy();
      this.#refuse(refuse("gateway_response_malformed", "101 to a request without Upgrade"));
    });
    outgoing.on("error", (error) => {
      const code = errorCode(error);
      this.#judge?.(undefined);
      // The gateway may have closed the idle connection while the request was on its way. Without a body the request
      // can be sent again (RFC 9112 section 9.3.1).
      if (isReused && !this.#hasBody && this.#to && !upstream && code !== "TIMEOUT") this.#dial(this.#to);
      else this.#refuse(refuseUnreachable("gateway_unreachable", { code, message: messageOf(error) }));
    });
    outgoing.on("close", () => {
      if (!upstream?.complete) {
        // With an agent Node does not close the socket of a request that ends before it was sent.
        socket.destroy();
        if (upstream) response.destroy();
      } else if (outgoing.shouldKeepAlive) this.#relay.idle.keep(connection);
    });
    if (!this.#hasBody) {
      socket.cork();
      afterTurn(() => socket.uncork());
      return void outgoing.end();
    }
    // Read whole meanwhile, so it is small: a pipe would cost more than the body.
    if (request.complete) {
      const body: Buffer | null = request.read();
      if (body) countRelayed(body);
      return void outgoing.end(body);
    }
    request.on("data", countRelayed);
    request.pipe(outgoing);
  }

  /** Returns undefined for a request that Node's server reads, but its client does not write. */
  #start(to: PlainRequest, agent: GatewayConnection): ClientRequest | undefined {
    try {
      return this.#startRequest(to, agent);
    } catch {
      return undefined;
    }
  }

  #startRequest({ request, rawHeaders }: PlainRequest, agent: GatewayConnection): ClientRequest {
    const { method = "", url: path = "" } = request;
    const connection = this.#mayShare ? "keep-alive" : "close";
    // Node has already sent 100 (Continue).
    const fields =
      request.headers.expect === undefined
        ? rawHeaders
        : withoutFields(rawHeaders, (name) => name === "expect");
    if (!this.#hasBody || isFramed(rawHeaders)) {
      const headers = [...fields, "Connection", connection];
      return startRequest({ agent, method, path, headers });
    }
    const outgoing = startRequest({ agent, method, path, setHost: false });
    // Else Node would frame a body that the client did not announce, and so change the request.
    outgoing.useChunkedEncodingByDefault = false;
    for (let i = 0; i + 1 < fields.length; i += 2)
      outgoing.appendHeader(fields[i] ?? "", fields[i + 1] ?? "");
    outgoing.setHeader("Connection", connection);
    return outgoing;
  }

  #respond({ response, onStatus }: PlainRequest, outgoing: ClientRequest, upstream: IncomingMessage): void {
    const { statusCode = 0, statusMessage = "", rawHeaders } = upstream;
    if (this.#judge) return this.#judge(statusCode);
    // Refused in the same turn: the bytes that were relayed then led to a check of the kernel's memory.
    if (!this.#to) return void upstream.destroy();
    // Node reads status lines that it throws on when writing them.
    if (statusCode < 200 || !REASON_PHRASE.test(statusMessage))
      return this.#refuse(refuse("gateway_response_malformed", `${statusCode} ${statusMessage}`));
    onStatus?.(statusCode);
    const options = connectionOptions(rawHeaders);
    const isHop = (name: string): boolean => HOP_BY_HOP.has(name) || options.has(name);
    response.sendDate = false;
    response.writeHead(statusCode, statusMessage, withoutFields(rawHeaders, isHop));
    const writer = new ResponseWriter(response, upstream);
    upstream.prependListener("end", () => {
      // At a second response Node destroys the socket, but would never free the parser of a request that is kept alive
      // (`lib/_http_client.js`, `responseKeepAlive`).
      if (outgoing.socket?.destroyed) outgoing.shouldKeepAlive = false;
      writer.end();
    });
  }
}

function withoutFields(rawHeaders: readonly string[], drops: (canonical: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = [rawHeaders[i], rawHeaders[i + 1]];
    if (!drops(canonicalName(name))) kept.push(name, value);
  }
  return kept;
}
