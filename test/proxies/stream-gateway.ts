import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { challenge, helloOk } from "../support/messages.ts";
import { portOf } from "../support/raw.ts";

/** The size of a download. */
const DOWNLOAD_BYTES = 100_000_000;
const BLOCK = Buffer.from(
  Uint32Array.from({ length: 250_000 }, (_, at) => Math.imul(at, 2_654_435_761)).buffer,
);
/** Above OpenClaw's `MAX_PAYLOAD_BYTES`. */
const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

/** A gateway that is accepted by the shim, echoes WebSocket messages after the handshake, and sends long responses. */
export interface StreamGateway {
  readonly port: number;
  /** SHA-256 of `GET /download`. */
  readonly checksum: string;
  /** The latest upgrade: names and values in turn. */
  readonly upgrade: readonly string[];
  /** Resolves with the response to `POST /v1/chat/completions?id`, when its request arrives. */
  stream(id: string): Promise<ServerResponse>;
}

/** Starts the gateway; closes it after the test. */
export async function startStreamGateway(): Promise<StreamGateway> {
  const streams = new EventEmitter<Record<string, [ServerResponse]>>();
  let upgrade: readonly string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const { pathname, search } = new URL(request.url ?? "", "http://gateway");
    if (pathname === "/download") {
      response.writeHead(200, {
        "Content-Length": DOWNLOAD_BYTES,
        "Content-Type": "application/octet-stream",
      });
      Readable.from(downloadBlocks()).pipe(response);
    } else if (pathname === "/v1/chat/completions") {
      // As OpenClaw's `setSseHeaders`.
      response.writeHead(200, {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache",
      });
      response.flushHeaders();
      streams.emit(search.slice(1), response);
    } else response.end('{"ok":true,"status":"live"}');
  });
  const sockets = new WebSocketServer({ server, maxPayload: MAX_PAYLOAD_BYTES, perMessageDeflate: false });
  sockets.on("connection", (socket, request) => {
    upgrade = request.rawHeaders;
    socket.on("error", () => socket.terminate());
    socket.once("message", (connect: Buffer) => {
      const { id } = JSON.parse(connect.toString()) as { readonly id: string };
      socket.on("message", (data: Buffer, binary) => socket.send(data, { binary }));
      socket.send(helloOk({}, id));
    });
    socket.send(challenge);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const hash = createHash("sha256");
  for (const block of downloadBlocks()) hash.update(block);
  return {
    port: portOf(server),
    checksum: hash.digest("hex"),
    get upgrade() {
      return upgrade;
    },
    stream: async (id) => {
      const [response] = (await once(streams, id)) as [ServerResponse];
      return response;
    },
  };
}

function* downloadBlocks(): Generator<Buffer> {
  for (let sent = 0; sent < DOWNLOAD_BYTES; sent += BLOCK.length) yield BLOCK;
}
