import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A TCP server that records the received bytes. */
export interface RawServer {
  readonly port: number;
  readonly sockets: readonly Socket[];
  /** All bytes received on all connections, as latin1. */
  received(): string;
  close(): Promise<void>;
}

/** A probe of the shim's, which a gateway since 2026.3 answers so. */
const PROBE = /^GET \/health HTTP\/1\.1\r\nHost: [^\r]*\r\nUser-Agent: openclaw-shim\r\n/;
const LIVE = '{"ok":true,"status":"live"}';

/**
 * Starts a server on a free port of 127.0.0.1. With `record: false` it does not store the received bytes. Probes of the
 * shim get the response of a gateway and are not recorded; `onSocket` is called at the first bytes of any other
 * connection, or at its end.
 */
export async function startRawServer(
  onSocket: (socket: Socket) => void = () => {},
  { record = true }: { readonly record?: boolean } = {},
): Promise<RawServer> {
  const chunks: Buffer[] = [];
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    const begin = (first?: Buffer): void => {
      socket.off("data", begin).off("end", begin);
      if (first && PROBE.test(first.toString("latin1"))) {
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${LIVE.length}\r\nConnection: close\r\n\r\n${LIVE}`);
        return;
      }
      if (record) socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      onSocket(socket);
      if (first) socket.emit("data", first);
      else socket.emit("end");
    };
    socket.on("data", begin).on("end", begin);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: portOf(server),
    sockets,
    received: () => Buffer.concat(chunks).toString("latin1"),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A TCP client that records the received bytes. */
export interface RawClient {
  readonly socket: Socket;
  received(): string;
  /** Resolves with all received bytes, as latin1, when they satisfy the condition. */
  until(condition: (received: string) => boolean): Promise<string>;
  /** Resolves with all received bytes, as latin1, when the connection is closed. */
  closed(): Promise<string>;
}

const DEADLINE_MS = 8_000;

/** Connects to a port and sends `send` (latin1). */
export function rawClient(port: number, send = "", host = "127.0.0.1"): RawClient {
  const chunks: Buffer[] = [];
  const socket = connect({ port, host });
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (send !== "") socket.write(send, "latin1");
  const received = (): string => Buffer.concat(chunks).toString("latin1");
  const wait = (event: "data" | "close", condition: (text: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`timed out; received: ${received()}`)), DEADLINE_MS);
      const check = (): void => {
        if (!condition(received())) return;
        clearTimeout(timer);
        socket.off(event, check);
        resolve(received());
      };
      socket.on(event, check);
      check();
    });
  return {
    socket,
    received,
    until: (condition) => wait("data", condition),
    closed: () => wait("close", () => socket.closed),
  };
}

/** A gateway's response to an upgrade that it accepts. The shim does not check the key. */
export const SWITCHING_PROTOCOLS =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/** Returns a well-formed upgrade request for `path`, with extra field lines. */
export function upgradeRequest(extra: readonly string[] = [], path = "/", host = "127.0.0.1"): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...extra,
    "",
    "",
  ].join("\r\n");
}

/** Returns the port of a listening server. */
export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen on TCP");
  return address.port;
}

/** Resolves when a socket is closed, with or without an error. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

/** Returns a port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = await startRawServer();
  await server.close();
  return server.port;
}
