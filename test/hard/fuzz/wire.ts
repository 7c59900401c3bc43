import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { pino } from "pino";
import { createGate, isRefusal } from "../../../src/gate/gate.ts";
import { openShim } from "../../../src/shim.ts";
import { portOf, SWITCHING_PROTOCOLS } from "../../support/raw.ts";
import { testSettings } from "../../support/settings.ts";
import { checkNormalizedHead } from "./normalized-head.ts";
import { HEAD_SEEDS, HEAD_WORDS } from "./head-seeds.ts";
import { parseHeads, type ParsedHead } from "./parser.ts";
import { invariant, type Target } from "./target.ts";

const RESPONSES = [
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
  SWITCHING_PROTOCOLS,
] as const;
/** Idle time after which a client half-closes. */
const QUIET_MS = 30;
const HANG_MS = 8_000;
/** RFC 8446 section 5.1. */
const TLS_HANDSHAKE = 22;

/** Returns true for what the shim itself sends: its probes, and the TLS handshake that follows one. */
function isProbe(bytes: Buffer): boolean {
  const probe = /^GET \/(?:health|tools\/invoke) HTTP\/1\.1\r\n(?:[^\r]+\r\n)*?User-Agent: openclaw-shim\r\n/;
  return bytes[0] === TLS_HANDSHAKE || probe.test(bytes.toString("latin1"));
}

/** Sends raw bytes over sockets through a shim to a gateway that records them. */
export async function wireTarget(): Promise<Target> {
  let reached: Buffer[][] = [];
  let response: string = RESPONSES[0];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const chunks: Buffer[] = [];
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      if (chunks.length === 0) reached.push(chunks);
      chunks.push(chunk);
      if (socket.bytesWritten === 0 && Buffer.concat(chunks).includes("\r\n\r\n")) socket.end(response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const settings = testSettings(portOf(server));
  const shim = await openShim(settings, pino({ level: "silent" }));
  const port = Number(shim.addresses[0]?.split(":").at(-1));
  const gate = createGate(settings);
  const ends = { remoteAddress: "127.0.0.1", localAddress: "127.0.0.1", localPort: port };

  /** Resolves when all requests have reached the gateway: it accepts connections in order. */
  async function allArrived(): Promise<void> {
    const last = connect({ port: settings.gateway.port, host: "127.0.0.1" });
    await once(last, "connect");
    while (![...open].some(({ remotePort }) => remotePort === last.localPort))
      await once(server, "connection");
    last.destroy();
    for (const socket of open) await once(socket, "close");
  }

  return {
    seeds: HEAD_SEEDS,
    words: HEAD_WORDS,
    async run(input, random) {
      response = random.one(RESPONSES);
      await send(port, input);
      await allArrived();
      const heads = parseHeads(input);
      const admitted = heads.filter(
        (head) => !isRefusal(gate.admit(head, ends, head.upgrade ? "websocket" : "http")),
      );
      const received = reached.filter((chunks) => !isProbe(Buffer.concat(chunks)));
      reached = [];
      let arrived = 0;
      for (const chunks of received) {
        const bytes = Buffer.concat(chunks);
        const requests = parseHeads(bytes);
        // The gateway ends each connection after a response. A later request without a body is sent again on another.
        arrived += requests.filter(({ method }, i) => i === 0 || !/^(?:GET|HEAD)$/.test(method)).length;
        invariant(
          requests.length === 1 || (requests.length > 1 && requests.every(hasOneReading)),
          "only requests with one reading share a connection to the gateway",
          bytes.toString("latin1"),
        );
        for (const { rawHeaders } of requests)
          checkNormalizedHead(rawHeaders, settings.gateway.authority, settings.gateway.origin);
      }
      invariant(
        arrived <= admitted.length,
        "no more requests arrive than were admitted",
        input.toString("latin1"),
      );
      return { units: Math.max(1, heads.length), passed: received.length };
    },
    async close() {
      await shim.close();
      server.close();
    },
  };
}

/** Returns true for a request without a body, or with one that only Content-Length frames. */
function hasOneReading({ method, rawHeaders }: ParsedHead): boolean {
  const framing = rawHeaders.filter(
    (text, i) => i % 2 === 0 && /content.length|transfer.encoding/i.test(text),
  );
  if (/^(?:GET|HEAD)$/.test(method)) return framing.length === 0;
  return /^(?:POST|PUT|PATCH)$/.test(method) && /^content-length$/i.test(framing.join());
}

/** Sends the bytes and half-closes when idle; the shim must close the connection. */
async function send(port: number, bytes: Buffer): Promise<void> {
  const socket: Socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  const hang = setTimeout(() => socket.destroy(new Error("hang")), HANG_MS);
  const quiet = setTimeout(() => socket.end(), QUIET_MS);
  socket.on("data", () => quiet.refresh());
  socket.write(bytes);
  await once(socket, "close").catch((error: unknown) => {
    invariant(!(error instanceof Error && error.message === "hang"), "the shim closes every connection");
  });
  clearTimeout(hang);
  clearTimeout(quiet);
}
