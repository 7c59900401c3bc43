import { createServer, type Socket } from "node:net";
import { serveHttp } from "./http-gateway.ts";
import { CHALLENGE, CONNECT, HELLO_OK, messageOf, SWITCHING_PROTOCOLS, type MessageSizes } from "./wire.ts";

/**
 * The benchmark's gateway, a separate process: performs the handshake, then replies to each message with one of the size
 * in the request's path; without an upgrade, serves plain HTTP (http-gateway.ts). It counts bytes and parses no message, to use little CPU. It checks every request head, so that
 * every proxy does the same work.
 */
const FORWARDING =
  /^(?:x-forwarded|forwarded|x-real-ip|via|cf-|true-client-ip|x-client-ip|tailscale-|x-vercel-|sec-websocket-extensions)/im;
const replies = new Map<number, Buffer>();

const server = createServer({ noDelay: true }, (socket) => {
  let head = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", function readHead(chunk: Buffer) {
    head += chunk.toString("latin1");
    if (!head.includes("\r\n\r\n")) return;
    socket.off("data", readHead);
    const error = checkHead(head);
    if (!head.startsWith("GET /bench/")) serveHttp(socket, Buffer.from(head, "latin1"), checkHead);
    else if (error === undefined) serve(socket, sizesOf(head));
    else socket.end(`HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n${error}`);
  });
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  process.send?.(ownPort());
});
process.on("disconnect", () => process.exit());

function serve(socket: Socket, { up, down }: MessageSizes): void {
  const reply = replies.get(down) ?? messageOf(down, "gateway");
  replies.set(down, reply);
  let expected = CONNECT.length;
  let next = HELLO_OK;
  let received = 0;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
    while (received >= expected) {
      received -= expected;
      socket.write(next);
      expected = up;
      next = reply;
    }
  });
  socket.write(SWITCHING_PROTOCOLS);
  socket.write(CHALLENGE);
}

function checkHead(head: string): string | undefined {
  const host = /^host: *([^\r\n]*)/im.exec(head)?.[1] ?? "(none)";
  if (host !== `127.0.0.1:${ownPort()}`) return `Host is ${host}`;
  const field = FORWARDING.exec(head)?.[0];
  return field === undefined ? undefined : `${field} was not deleted`;
}

function sizesOf(head: string): MessageSizes {
  const [, up = "200", down = "200"] = /^GET \/bench\/(\d+)\/(\d+) /.exec(head) ?? [];
  return { up: Number(up), down: Number(down) };
}

function ownPort(): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
