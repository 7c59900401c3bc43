import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createProxyServer } from "http-proxy";
import { refuse, refuseUnreachable } from "../errors.ts";
import { canonicalName, connectionOptions, HOP_BY_HOP } from "../headers/header-table.ts";
import { HTTP_IDLE_MS } from "../server/listener.ts";
import { isComplete, refuseResponse, REFUSED } from "../server/refusal-response.ts";
import { countRelayed, gatewaySockets } from "../server/slots.ts";
import type { Settings } from "../settings/settings.ts";
import type { Dialer } from "./dial.ts";
import { DialledAgent, ReusingAgent } from "./dialled-agent.ts";

/** How long a response to a credential is awaited after its client disconnected: 2026.8 and later delay a 401 by up to 5 s. */
const JUDGED_MS = 6_000;
/** Fields that announce a body (RFC 9112 section 6). */
const FRAMING: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);
/** RFC 9112 section 4. */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What is known of a request in progress. */
interface Exchange {
  readonly rawHeaders: readonly string[];
  readonly hasBody: boolean;
  outgoing?: ClientRequest;
  readonly onStatus?: ((status: number) => void) | undefined;
  /** Sends the request once more, on a new connection. */
  retry?: () => void;
}

/** Relays plain HTTP requests. */
export type RequestRelay = ReturnType<typeof createRequestRelay>;

/** Creates the relay for plain HTTP. The dialer of the upgrades opens its connections. */
export function createRequestRelay({ gateway, hold }: Settings, dialer: Dialer) {
  const [fresh, reused] = [new DialledAgent(), new ReusingAgent()];
  // http: the dialer does the TLS, so that a pinned certificate is checked in one place.
  const proxy = createProxyServer({
    target: new URL(`http://${gateway.authority}`),
    proxyTimeout: HTTP_IDLE_MS,
  });

  const exchanges = new Map<ServerResponse, Exchange>();

  proxy.on("proxyReq", (outgoing, request, response) => {
    const exchange = exchanges.get(response);
    if (!exchange) return;
    exchange.outgoing = outgoing;
    outgoing.once("timeout", () => delete exchange.retry);
    for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name);
    // Without this Node would frame a body that the client did not announce, and so change the request.
    outgoing.useChunkedEncodingByDefault = false;
    for (const [name, values] of groupFields(exchange.rawHeaders)) outgoing.setHeader(name, values);
    // Node has already sent 100 (Continue).
    outgoing.removeHeader("Expect");
    outgoing.setHeader("Connection", exchange.hasBody ? "close" : "keep-alive");
    if (outgoing.socket) gatewaySockets.set(request.socket, outgoing.socket);
    request.on("data", countRelayed);
    response.once(REFUSED, () => outgoing.destroy());
    // Node emits a 101 only here; without a listener the client would wait for the idle timeout.
    outgoing.once("upgrade", (_response, socket: Duplex) => {
      socket.destroy();
      refuseResponse(response, refuse("gateway_response_malformed", "101 to a request without Upgrade"));
    });
  });

  proxy.on("proxyRes", (upstream, _request, response) => {
    const { statusCode = 0, statusMessage = "" } = upstream;
    // Node reads status lines that it throws on when writing them.
    if (statusCode < 200 || !REASON_PHRASE.test(statusMessage)) {
      upstream.destroy();
      refuseResponse(response, refuse("gateway_response_malformed", `${statusCode} ${statusMessage}`));
      return;
    }
    const { outgoing, onStatus } = exchanges.get(response) ?? {};
    onStatus?.(statusCode);
    // At a second response Node destroys the socket, but would never free the parser of a request that is kept alive
    // (`lib/_http_client.js`, `responseKeepAlive`).
    upstream.prependOnceListener("end", () => {
      if (outgoing?.socket?.destroyed) outgoing.shouldKeepAlive = false;
    });
    upstream.on("data", countRelayed);
    response.sendDate = false;
    const options = connectionOptions(upstream.rawHeaders);
    const isHop = (name: string): boolean => HOP_BY_HOP.has(name) || options.has(name);
    response.writeHead(statusCode, statusMessage, withoutFields(upstream.rawHeaders, isHop));
    // Sends the header section now: an event stream may stay silent for long. flushHeaders would encode it as UTF-8,
    // but Node's field values are latin1.
    response.cork();
    response.write("", "latin1");
    setImmediate(() => response.uncork());
  });

  proxy.on("error", (error: NodeJS.ErrnoException, _request, response) => {
    if (response && "writeHead" in response && !isComplete(response)) {
      const retry = response.headersSent ? undefined : exchanges.get(response)?.retry;
      if (retry) return retry();
      const { code = "ERROR", message } = error;
      refuseResponse(response, refuseUnreachable("gateway_unreachable", { code, message }));
    }
  });

  function send(request: IncomingMessage, response: ServerResponse, agent: Agent): void {
    void proxy.web(request, response, { agent }).catch(() => response.destroy());
  }

  function dial(request: IncomingMessage, response: ServerResponse, conn: string): void {
    const ended = ["close", REFUSED];
    const cancel = dialer.dial({ holdMs: hold, conn }, (result) => {
      for (const event of ended) response.off(event, cancel);
      if ("failure" in result)
        return refuseResponse(response, refuseUnreachable("gateway_unreachable", result.failure));
      const agent = exchanges.get(response)?.hasBody === false ? reused : fresh;
      agent.next = result.socket;
      send(request, response, agent);
      // Not taken if the request could not be made, or took an idle connection.
      agent.next?.destroy();
    });
    for (const event of ended) response.once(event, cancel);
  }

  return {
    /**
     * Forwards one request with a normalized header section, and streams the response back. Waits for a gateway that is
     * not up yet; meanwhile the request's body is not read.
     *
     * @param onStatus is called with the status of the gateway's response, before it is forwarded
     */
    relay(
      request: IncomingMessage,
      response: ServerResponse,
      rawHeaders: readonly string[],
      conn: string,
      onStatus?: (status: number) => void,
    ): void {
      // It would not emit `close` any more.
      if (request.socket.destroyed) return;
      const exchange: Exchange = { rawHeaders, hasBody: hasBody(request, rawHeaders), onStatus };
      exchanges.set(response, exchange);
      response.once("close", () => {
        exchanges.delete(response);
        // Another client may use that connection next.
        gatewaySockets.delete(request.socket);
      });
      // proxyReq sets the fields; httpxy would not emit it with `Expect`.
      request.headers = {};
      if (exchange.hasBody || !reused.hasIdle()) return dial(request, response, conn);
      // The gateway may have closed the idle connection while the request was on its way. Without a body the request
      // can be sent again (RFC 9112 section 9.3.1).
      exchange.retry = () => {
        delete exchange.retry;
        dial(request, response, conn);
      };
      send(request, response, reused);
    },
    /**
     * Keeps the request of a client that has just disconnected, and resolves with the status of the gateway's response;
     * undefined if there is none in time. To be called before httpxy sees the response close.
     */
    statusAfterAbort(response: ServerResponse): Promise<number | undefined> {
      const outgoing = exchanges.get(response)?.outgoing;
      if (!outgoing || outgoing.destroyed) return Promise.resolve(undefined);
      // httpxy destroys it at once.
      const destroy = outgoing.destroy.bind(outgoing);
      outgoing.destroy = () => outgoing;
      outgoing.removeAllListeners("response");
      return new Promise((resolve) => {
        const deadline = setTimeout(destroy, JUDGED_MS);
        outgoing.once("response", ({ statusCode }) => {
          resolve(statusCode);
          destroy();
        });
        outgoing.once("close", () => {
          clearTimeout(deadline);
          resolve(undefined);
        });
      });
    },
    close: () => reused.destroy(),
  };
}

function hasBody({ method }: IncomingMessage, rawHeaders: readonly string[]): boolean {
  if (method !== "GET" && method !== "HEAD") return true;
  return rawHeaders.some((text, i) => i % 2 === 0 && FRAMING.has(canonicalName(text)));
}

/** Groups fields by name, in the order and case of their first line, with the values in order. */
function groupFields(rawHeaders: readonly string[]): [string, string | string[]][] {
  const groups = new Map<string, [string, string[]]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const group = groups.get(name.toLowerCase()) ?? [name, []];
    group[1].push(rawHeaders[i + 1] ?? "");
    groups.set(name.toLowerCase(), group);
  }
  return [...groups.values()].map(([name, values]) => [
    name,
    values.length === 1 ? (values[0] ?? "") : values,
  ]);
}

function withoutFields(rawHeaders: readonly string[], drops: (canonical: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = [rawHeaders[i], rawHeaders[i + 1]];
    if (!drops(canonicalName(name))) kept.push(name, value);
  }
  return kept;
}
