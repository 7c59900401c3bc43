import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { pino } from "pino";
import { createGate, isRefusal } from "../../../src/gate/gate.ts";
import { openShim } from "../../../src/shim.ts";
import { SWITCHING_PROTOCOLS } from "../../support/raw.ts";
import { testSettings } from "../../support/settings.ts";
import { checkClean } from "./normalized-head.ts";
import { HEAD_SEEDS, HEAD_WORDS } from "./head-seeds.ts";
import { parseHeads } from "./parser.ts";
import { promised, type Target } from "./target.ts";

const ANSWERS = [
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
  SWITCHING_PROTOCOLS,
] as const;
/** After its last byte a client is closed on, answered or not, in this time. */
const QUIET_MS = 30;
const HANG_MS = 8_000;

/** Raw bytes on real sockets, through a whole shim, to a gateway that writes down what reaches it. */
export async function wireTarget(): Promise<Target> {
  let reached: Buffer[][] = [];
  let answer: string = ANSWERS[0];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const chunks: Buffer[] = [];
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      // The shim's own probes send nothing.
      if (chunks.length === 0) reached.push(chunks);
      chunks.push(chunk);
      if (socket.bytesWritten === 0 && Buffer.concat(chunks).includes("\r\n\r\n")) socket.end(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const settings = testSettings((server.address() as { port: number }).port);
  const shim = await openShim(settings, pino({ level: "silent" }));
  const port = Number(shim.addresses[0]?.split(":").at(-1));
  const gate = createGate(settings);
  const arrival = { remoteAddress: "127.0.0.1", localAddress: "127.0.0.1", localPort: port };

  /** Resolves when all that is under way to the gateway has come: connections are accepted in their order. */
  async function arrived(): Promise<void> {
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
    async take(input, random) {
      answer = random.one(ANSWERS);
      await send(port, input);
      await arrived();
      const heads = parseHeads(input);
      const admitted = heads.filter(
        (head) => !isRefusal(gate.admit(head, arrival, head.upgrade ? "websocket" : "http")),
      );
      const seen = reached;
      reached = [];
      promised(
        seen.length <= admitted.length,
        "no more requests arrive than were admitted",
        input.toString("latin1"),
      );
      for (const chunks of seen) {
        const bytes = Buffer.concat(chunks);
        const requests = parseHeads(bytes);
        promised(
          requests.length === 1,
          "a connection to the gateway carries one request",
          bytes.toString("latin1"),
        );
        checkClean(requests[0]?.rawHeaders ?? [], settings.gateway.authority, settings.gateway.origin);
      }
      return { units: Math.max(1, heads.length), passed: seen.length };
    },
    async close() {
      await shim.close();
      server.close();
    },
  };
}

/** Sends everything, and leaves when nothing more comes; the shim must have closed by then. */
async function send(port: number, bytes: Buffer): Promise<void> {
  const socket: Socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  const hang = setTimeout(() => socket.destroy(new Error("hang")), HANG_MS);
  const quiet = setTimeout(() => socket.end(), QUIET_MS);
  socket.on("data", () => quiet.refresh());
  socket.write(bytes);
  await once(socket, "close").catch((error: unknown) => {
    promised(!(error instanceof Error && error.message === "hang"), "no connection hangs");
  });
  clearTimeout(hang);
  clearTimeout(quiet);
}
