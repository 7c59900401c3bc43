import { createHash, randomBytes, type Hash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { startRawServer, SWITCHING_PROTOCOLS, upgradeRequest, type RawServer } from "../support/raw.ts";
import { BINARY, frame } from "../support/websocket-frames.ts";
import { startDaemon, total, type Daemon } from "./daemon.ts";
import { scaled } from "./scale.ts";

const CONNECTIONS = scaled(2_000);
const MESSAGES = 50;
/** Ten per second for an hour. */
const UPGRADES = scaled(36_000);
const MESSAGE_BYTES = 25_000_000;
const LARGE = scaled(16);
const MIB = 1024 * 1024;
/** Mostly relayed chunks that are not collected yet. The messages are 381 MiB in total. */
const BACKPRESSURE_MIB = 64;

/** Returns the daemon's resident memory. */
const rssMiB = ({ pid }: Daemon): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** Starts a gateway that accepts every upgrade; closes it after the test. */
async function startAcceptingGateway(onOpen: (socket: Socket) => void): Promise<RawServer> {
  const gateway = await startRawServer(
    (socket) => {
      socket.once("data", () => {
        socket.write(SWITCHING_PROTOCOLS);
        onOpen(socket);
      });
      socket.on("end", () => socket.end());
    },
    { record: false },
  );
  onTestFinished(() => gateway.close());
  return gateway;
}

/** Opens an upgraded connection. */
async function open({ port }: Daemon): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(upgradeRequest());
  let response = "";
  while (!response.endsWith("\r\n\r\n")) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    response += chunk.toString("latin1");
  }
  expect(response).toBe(SWITCHING_PROTOCOLS);
  return socket;
}

/** Resolves with the hash of the next `bytes` bytes. */
function hashOf(socket: Socket, bytes: number, each: () => void = () => {}): Promise<string> {
  const hash: Hash = createHash("sha256");
  let missing = bytes;
  return new Promise((resolve) => {
    const onData = (chunk: Buffer): void => {
      hash.update(chunk);
      missing -= chunk.length;
      each();
      if (missing > 0) return;
      socket.off("data", onData);
      resolve(hash.digest("hex"));
    };
    socket.on("data", onData);
  });
}

describe("load", () => {
  it(`keeps ${CONNECTIONS} connections with traffic, and loses or reorders no byte`, async () => {
    const gateway = await startAcceptingGateway((socket) =>
      socket.on("data", (chunk) => socket.write(chunk)),
    );
    const daemon = await startDaemon(gateway.port, ["--max-connections", "2500", "--log-level", "error"]);
    const idle = await daemon.usage();
    const sockets: Socket[] = [];
    for (let i = 0; i < CONNECTIONS; i += 1) sockets.push(await open(daemon));
    const loaded = rssMiB(daemon);
    const started = performance.now();
    await Promise.all(
      sockets.map(async (socket) => {
        const messages = Array.from({ length: MESSAGES }, () => frame(BINARY, randomBytes(200), true));
        const sent = Buffer.concat(messages);
        const echoed = hashOf(socket, sent.length);
        for (const message of messages) {
          socket.write(message);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(await echoed).toBe(createHash("sha256").update(sent).digest("hex"));
      }),
    );
    const seconds = (performance.now() - started) / 1_000;
    const peak = rssMiB(daemon);
    for (const socket of sockets) socket.destroy();
    const figures = {
      idle: idle.rssMiB,
      held: loaded,
      peak,
      kBEach: ((loaded - idle.rssMiB) * 1024) / CONNECTIONS,
    };
    process.stdout.write(
      `${CONNECTIONS} connections, ${MESSAGES} echoes each in ${seconds.toFixed(1)} s: MiB ${JSON.stringify(figures)}\n`,
    );
    // With few connections, most of the growth is independent of their number.
    expect(loaded - idle.rssMiB).toBeLessThan(20 + CONNECTIONS * 0.06);
    // V8 returns only part of the heap: the limit is the peak.
    await daemon.expectNoLeak({ ...idle, rssMiB: peak }, "after closing them");
    expect(total(await daemon.outcomes())).toBe(CONNECTIONS);
  });

  it(`accepts ${UPGRADES} upgrades in succession without a leak`, async () => {
    const gateway = await startAcceptingGateway(() => {});
    const daemon = await startDaemon(gateway.port, ["--log-level", "error"]);
    const one = async (): Promise<void> => {
      const socket = await open(daemon);
      socket.end();
      await once(socket, "close");
    };
    const some = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) await one();
    };
    const first = Math.ceil(UPGRADES / 10);
    await some(first);
    const before = await daemon.usage();
    const started = performance.now();
    const parallel = 20;
    const rest = Math.floor((UPGRADES - first) / parallel);
    await Promise.all(Array.from({ length: parallel }, () => some(rest)));
    const seconds = (performance.now() - started) / 1_000;
    await daemon.expectNoLeak(before, `${parallel * rest} upgrades in ${seconds.toFixed(0)} s`);
    await expect.poll(async () => total(await daemon.outcomes())).toBe(first + parallel * rest);
  });

  it.each(["client", "gateway"])(`applies backpressure to 25 MB messages for a slow %s`, async (slow) => {
    let onOpen: (socket: Socket) => void = () => {};
    const gateway = await startAcceptingGateway((socket) => onOpen(socket));
    const daemon = await startDaemon(gateway.port, ["--log-level", "error"]);
    const opened = new Promise<Socket>((resolve) => (onOpen = resolve));
    const client = await open(daemon);
    const peer = await opened;
    const [sender, receiver] = slow === "client" ? [peer, client] : [client, peer];
    const message = frame(BINARY, randomBytes(MESSAGE_BYTES), slow === "gateway");
    const expected = createHash("sha256");
    const idle = rssMiB(daemon);
    let [peak, reads] = [idle, 0];
    const received = hashOf(receiver, LARGE * message.length, () => {
      reads += 1;
      if (reads % 10 > 0) return;
      peak = Math.max(peak, rssMiB(daemon));
      receiver.pause();
      setTimeout(() => receiver.resume(), 2);
    });
    for (let i = 0; i < LARGE; i += 1) {
      expected.update(message);
      if (!sender.write(message)) await once(sender, "drain");
    }
    expect(await received).toBe(expected.digest("hex"));
    const megabytes = Math.round((LARGE * message.length) / MIB);
    process.stdout.write(
      `${megabytes} MiB to a slow ${slow}: RSS ${idle.toFixed(1)} MiB, at most ${peak.toFixed(1)} MiB\n`,
    );
    expect(peak - idle).toBeLessThan(BACKPRESSURE_MIB);
    client.destroy();
  });
});
