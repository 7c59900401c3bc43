import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createProxyServer } from "http-proxy";
import { refuse, refuseUnreachable } from "../errors.ts";
import { canonicalName, connectionOptions, HOP_BY_HOP } from "../headers/header-table.ts";
import { HTTP_IDLE_MS } from "../server/listener.ts";
import { isComplete, refuseResponse, REFUSED } from "../server/refusal-response.ts";
import type { Settings } from "../settings/settings.ts";
import type { Dialer, DialResult } from "./dial.ts";

/** How long a response to a credential is awaited after its client disconnected: 2026.8 and later delay a 401 by up to 5 s. */
const JUDGED_MS = 6_000;
/** RFC 9112 section 4. */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Relays plain HTTP requests. */
export type RequestRelay = ReturnType<typeof createRequestRelay>;

/** Creates the relay for plain HTTP. The dialer of the upgrades opens its connections. */
export function createRequestRelay({ gateway, hold }: Settings, dialer: Dialer) {
  const agent = new DialledAgent();
  // http: the dialer does the TLS, so that a pinned certificate is checked in one place.
  const proxy = createProxyServer({
    target: `http://${gateway.authority}`,
    agent,
    proxyTimeout: HTTP_IDLE_MS,
  });

  const inProgress = new WeakMap<ServerResponse, ClientRequest>();
  const statusListeners = new WeakMap<ServerResponse, (status: number) => void>();

  proxy.on("proxyReq", (outgoing, request, response) => {
    inProgress.set(response, outgoing);
    for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name);
    // Without this Node would frame a body that the client did not announce, and so change the request.
    outgoing.useChunkedEncodingByDefault = false;
    for (const [name, values] of groupFields(request.rawHeaders)) outgoing.setHeader(name, values);
    outgoing.setHeader("Connection", "close");
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
    statusListeners.get(response)?.(statusCode);
    response.sendDate = false;
    const options = connectionOptions(upstream.rawHeaders);
    const isHop = (name: string): boolean => HOP_BY_HOP.has(name) || options.has(name);
    response.writeHead(statusCode, statusMessage, withoutFields(upstream.rawHeaders, isHop));
    // Sends the header section now: an event stream may stay silent for long. flushHeaders would encode it as UTF-8,
    // but Node's field values are latin1.
    response.write("", "latin1");
  });

  proxy.on("error", (error: NodeJS.ErrnoException, _request, response) => {
    if (response && "writeHead" in response && !isComplete(response)) {
      const { code = "ERROR", message } = error;
      refuseResponse(response, refuseUnreachable("gateway_unreachable", { code, message }));
    }
  });

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
      if (onStatus) statusListeners.set(response, onStatus);
      // Node has already sent 100 (Continue); with `Expect`, httpxy would skip its proxyReq event.
      request.rawHeaders = withoutFields(rawHeaders, (name) => name === "expect");
      const fields = groupFields(request.rawHeaders).map(([name, value]) => [name.toLowerCase(), value]);
      request.headers = Object.fromEntries(fields);
      const ended = ["close", REFUSED];
      const onDialled = (result: DialResult): void => {
        for (const event of ended) response.off(event, cancel);
        if ("failure" in result)
          return refuseResponse(response, refuseUnreachable("gateway_unreachable", result.failure));
        agent.next = result.socket;
        void proxy.web(request, response).catch(() => response.destroy());
        // Not taken if the request could not be made.
        agent.next?.destroy();
      };
      const cancel = dialer.dial({ holdMs: hold, conn }, onDialled);
      for (const event of ended) response.once(event, cancel);
    },
    /**
     * Keeps the request of a client that has just disconnected, and resolves with the status of the gateway's response;
     * undefined if there is none in time. To be called before httpxy sees the response close.
     */
    statusAfterAbort(response: ServerResponse): Promise<number | undefined> {
      const outgoing = inProgress.get(response);
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
    close: () => agent.destroy(),
  };
}

/** Gives a request the connection that was dialled for it. */
class DialledAgent extends Agent {
  next: Socket | undefined;

  override createConnection(): Socket | undefined {
    const socket = this.next;
    this.next = undefined;
    return socket;
  }
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
  return rawHeaders.filter((_text, i) => !drops(canonicalName(rawHeaders[i - (i % 2)] ?? "")));
}
