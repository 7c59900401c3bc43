import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A TCP server that records what it gets; tests say what it answers. */
export interface RawServer {
  readonly port: number;
  readonly sockets: readonly Socket[];
  /** All bytes received on all connections, as latin1. */
  received(): string;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1; `onSocket` may answer. Without `keep` it does not write down what it gets. */
export async function startRawServer(
  onSocket: (socket: Socket) => void = () => {},
  { keep = true }: { readonly keep?: boolean } = {},
): Promise<RawServer> {
  const chunks: Buffer[] = [];
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    if (keep) socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    received: () => Buffer.concat(chunks).toString("latin1"),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Connects to a port of 127.0.0.1 and collects what comes back. */
export interface RawClient {
  readonly socket: Socket;
  received(): string;
  /** Resolves when what came so far satisfies the condition. */
  until(condition: (received: string) => boolean): Promise<string>;
  /** Resolves when the connection is closed, with all that came. */
  closed(): Promise<string>;
}

const DEADLINE_MS = 8_000;

export function rawClient(port: number, send = "", host = "127.0.0.1"): RawClient {
  const chunks: Buffer[] = [];
  const socket = connect({ port, host });
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (send !== "") socket.write(send, "latin1");
  const received = (): string => Buffer.concat(chunks).toString("latin1");
  const wait = (event: "data" | "close", condition: (text: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`waited in vain; received: ${received()}`)),
        DEADLINE_MS,
      );
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

/** A well-formed upgrade request for `path`, with extra header lines. */
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
