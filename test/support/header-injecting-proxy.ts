import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { FORWARDING_HEADERS } from "../../src/commands/demo/infrastructure.ts";

export { FORWARDING_HEADERS };

export type Header = readonly [name: string, value: string];

export interface InjectingProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** The Host that it sets; by default Host is not changed. */
  readonly host?: string;
  /** Headers that it appends to every request; default `FORWARDING_HEADERS`. */
  readonly headers?: readonly Header[];
  /** Default 127.0.0.1. */
  readonly listenHost?: string;
}

export interface InjectingProxy {
  readonly port: number;
  readonly url: string;
  /** Destroys every connection and frees the port. */
  close(): Promise<void>;
}

/**
 * Starts a reverse proxy like the one in front of a MicroVM: it adds headers to each request and may change Host.
 * After the header section of an upgrade it copies bytes.
 * @throws the system's error if it cannot listen.
 */
export async function startInjectingProxy(options: InjectingProxyOptions): Promise<InjectingProxy> {
  const { target, host, headers = FORWARDING_HEADERS, listenHost = "127.0.0.1" } = options;
  const rewrite = ({ rawHeaders }: IncomingMessage): string[] => [
    ...rawHeaders.map((text, i) =>
      host !== undefined && i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "host" ? host : text,
    ),
    ...headers.flat(),
  ];
  const sockets = new Set<Duplex>();
  const track = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };

  const server = createServer((request, response) => forward(target, rewrite(request), request, response));
  server.on("connection", track);
  server.on("upgrade", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const upstream = connect(target);
    track(upstream);
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    upstream.on("connect", () => {
      upstream.write(headerSection(request, rewrite(request)));
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
  });
  server.listen(0, listenHost);
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

function headerSection({ method = "GET", url = "/" }: IncomingMessage, headers: readonly string[]): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function forward(
  target: InjectingProxyOptions["target"],
  headers: string[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method, url: path } = request;
  const outgoing = httpRequest({ ...target, method, path, headers, setHost: false, agent: false });
  outgoing.on("response", (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, incoming.rawHeaders);
    incoming.pipe(response);
  });
  outgoing.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.on("close", () => outgoing.destroy());
  request.pipe(outgoing);
}
