import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { createProxyServer } from "http-proxy";
import { refuse } from "../errors.ts";
import { refuseUnreachable } from "../gate/unreachable.ts";
import { canonicalName, connectionOptions, isHopByHop } from "../headers/header-names.ts";
import type { GatewayAddress } from "../settings/settings.ts";
import { GatewayAgent } from "./gateway-agent.ts";
import type { Dialer } from "./dial.ts";
import { refuseResponse } from "../server/respond.ts";

/** No byte in either direction for so long ends an exchange; a model may think for minutes before it answers. */
export const HTTP_IDLE_MS = 15 * 60_000;

/** RFC 9112 section 4. */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Relays plain HTTP requests. */
export interface RequestRelay {
  /**
   * Forwards one request and streams its answer back.
   *
   * @param rawHeaders what the gateway is to see, as `normalize` made it
   */
  relay(request: IncomingMessage, response: ServerResponse, rawHeaders: readonly string[]): void;
  close(): void;
}

/** Makes the relay for plain HTTP; connections are opened by the same dialer as for upgrades. */
export function createRequestRelay(gateway: GatewayAddress, dialer: Dialer): RequestRelay {
  const agent = new GatewayAgent(dialer);
  // The dialer does the TLS, so that a pinned certificate is checked in one place only.
  const proxy = createProxyServer({
    target: `http://${gateway.authority}`,
    agent,
    proxyTimeout: HTTP_IDLE_MS,
  });

  proxy.on("proxyReq", (outgoing, request, response) => {
    for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name);
    // Without this Node frames a body where the client announced none, and changes the request.
    outgoing.useChunkedEncodingByDefault = false;
    for (const [name, values] of groupFields(request.rawHeaders)) outgoing.setHeader(name, values);
    outgoing.setHeader("Connection", "close");
    // Node tells nobody else of a 101, and the client would wait for the idle timeout.
    outgoing.once("upgrade", (_answer, socket: Duplex) => {
      socket.destroy();
      refuseResponse(response, refuse("gateway_answer_malformed", "101 to a request for no upgrade"));
    });
  });

  proxy.on("proxyRes", (answer, _request, response) => {
    const { statusCode = 0, statusMessage = "" } = answer;
    // Node reads status lines that it refuses to write, with an exception.
    if (statusCode < 200 || !REASON_PHRASE.test(statusMessage)) {
      answer.destroy();
      refuseResponse(response, refuse("gateway_answer_malformed", `${statusCode} ${statusMessage}`));
      return;
    }
    response.sendDate = false;
    response.writeHead(statusCode, statusMessage, endToEnd(answer.rawHeaders));
    // Flushes the head: an event stream may be silent for long after it. flushHeaders would turn the head's bytes
    // into UTF-8, but field values are latin1 in Node, both ways.
    response.write("", "latin1");
  });

  proxy.on("error", (error: NodeJS.ErrnoException, _request, response) => {
    if (response && "writeHead" in response) {
      const { code = "ERROR", message } = error;
      refuseResponse(response, refuseUnreachable("gateway_unreachable", { code, message }));
    }
  });

  return {
    relay(request, response, rawHeaders) {
      // Node has answered `Expect: 100-continue` already; http-proxy would skip its header event over it.
      request.rawHeaders = dropField(rawHeaders, "expect");
      request.headers = lowerCased(request.rawHeaders);
      void proxy.web(request, response).catch(() => response.destroy());
    },
    close: () => agent.destroy(),
  };
}

/** Fields by name, in the order and case of their first line; values of a repeated one in their order. */
function groupFields(rawHeaders: readonly string[]): Iterable<[string, string | string[]]> {
  const groups = new Map<string, [string, string[]]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    const group = groups.get(name.toLowerCase());
    if (group) group[1].push(value);
    else groups.set(name.toLowerCase(), [name, [value]]);
  }
  return [...groups.values()].map(([name, values]) => [
    name,
    values.length === 1 ? (values[0] ?? "") : values,
  ]);
}

function lowerCased(rawHeaders: readonly string[]): NodeJS.Dict<string | string[]> {
  return Object.fromEntries([...groupFields(rawHeaders)].map(([name, value]) => [name.toLowerCase(), value]));
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  const options = connectionOptions(rawHeaders);
  return rawHeaders.filter((_text, i) => {
    const name = canonicalName(rawHeaders[i - (i % 2)] ?? "");
    return !isHopByHop(name) && !options.has(name);
  });
}

function dropField(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_text, i) => (rawHeaders[i - (i % 2)] ?? "").toLowerCase() !== name);
}
