import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export type Header = readonly [name: string, value: string];

export interface InjectingProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** Rewrites Host to this; absent leaves it. */
  readonly host?: string;
  /** Appended to every request; by default the forwarding family. */
  readonly headers?: readonly Header[];
  /** Default 0: any free one. */
  readonly port?: number;
  /** Where it listens; default 127.0.0.1. */
  readonly listenHost?: string;
}

export interface InjectingProxy {
  readonly port: number;
  /** `ws://127.0.0.1:PORT`, or as `listenHost` has it. */
  readonly url: string;
  /** Ends every connection at once and frees the port. */
  close(): Promise<void>;
}

/** What the infrastructure in front of a MicroVM adds: a public client (RFC 5737's test network), HTTPS, its name. */
export const FORWARDING_HEADERS: readonly Header[] = [
  ["X-Forwarded-For", "203.0.113.7"],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Host", "sandbox.example.com"],
  ["X-Forwarded-Port", "443"],
  ["X-Real-IP", "203.0.113.7"],
  ["Forwarded", 'for=203.0.113.7;proto=https;host="sandbox.example.com"'],
  ["Via", "1.1 edge"],
];

const LISTEN_HOST = "127.0.0.1";

/**
 * Starts a reverse hop as MicroVM infrastructure has one: it adds headers to each request, rewrites Host, and after
 * the head of an upgrade moves bytes and nothing else.
 * @throws when the port is taken.
 */
export async function startInjectingProxy(options: InjectingProxyOptions): Promise<InjectingProxy> {
  const added = options.headers ?? FORWARDING_HEADERS;
  const listenHost = options.listenHost ?? LISTEN_HOST;
  const rewrite = (request: IncomingMessage): string[] =>
    rewriteHeaders(request.rawHeaders, options.host, added);
  const sockets = new Set<Duplex>();
  const keep = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };

  const server = createServer((request, response) =>
    forward(options.target, rewrite(request), request, response),
  );
  server.on("connection", keep);
  server.on("upgrade", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const upstream = connect(options.target);
    keep(upstream);
    upstream.on("connect", () => {
      upstream.write(headOf(request, rewrite(request)));
      upstream.write(head);
      splice(client, upstream);
    });
  });
  server.listen(options.port ?? 0, listenHost);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    url: `ws://${listenHost}:${port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The headers as they go on: all as they came, Host replaced, the added ones last. */
function rewriteHeaders(
  raw: readonly string[],
  host: string | undefined,
  added: readonly Header[],
): string[] {
  const headers = [...raw];
  for (let at = 0; at < headers.length; at += 2) {
    if (host !== undefined && headers[at]?.toLowerCase() === "host") headers[at + 1] = host;
  }
  return [...headers, ...added.flat()];
}

function headOf(request: IncomingMessage, headers: readonly string[]): string {
  const lines = [`${request.method ?? "GET"} ${request.url ?? "/"} HTTP/1.1`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at] ?? ""}: ${headers[at + 1] ?? ""}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Bytes both ways; the end of one side, clean or not, ends the other. */
function splice(client: Duplex, upstream: Socket): void {
  client.pipe(upstream).pipe(client);
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => client.destroy());
}

function forward(
  target: InjectingProxyOptions["target"],
  headers: string[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const onward = httpRequest({
    ...target,
    method: request.method,
    path: request.url,
    headers,
    setHost: false,
    agent: false,
  });
  onward.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
    answer.pipe(response);
  });
  onward.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}
