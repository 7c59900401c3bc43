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
/** Ten a second for an hour. */
const UPGRADES = scaled(36_000);
const MESSAGE_BYTES = 25_000_000;
const LARGE = scaled(16);
const MIB = 1024 * 1024;
/** Chunks that have passed and are not collected yet are most of it; the messages themselves are 381 MiB. */
const BACKPRESSURE_MIB = 64;

const rssMiB = ({ pid }: Daemon): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** A gateway that takes every upgrade and hands the socket over. */
async function switchingGateway(onOpen: (socket: Socket) => void): Promise<RawServer> {
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

/** An upgraded connection. */
async function open({ port }: Daemon): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(upgradeRequest());
  let head = "";
  while (!head.endsWith("\r\n\r\n")) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    head += chunk.toString("latin1");
  }
  expect(head).toBe(SWITCHING_PROTOCOLS);
  return socket;
}

/** Resolves with the hash of the next `bytes` bytes. */
function hashOf(socket: Socket, bytes: number, each: () => void = () => {}): Promise<string> {
  const hash: Hash = createHash("sha256");
  let left = bytes;
  return new Promise((resolve) => {
    const onData = (chunk: Buffer): void => {
      hash.update(chunk);
      left -= chunk.length;
      each();
      if (left > 0) return;
      socket.off("data", onData);
      resolve(hash.digest("hex"));
    };
    socket.on("data", onData);
  });
}

describe("load", () => {
  it(`holds ${CONNECTIONS} connections with traffic, and loses or reorders no byte`, async () => {
    const gateway = await switchingGateway((socket) => socket.on("data", (chunk) => socket.write(chunk)));
    const daemon = await startDaemon(gateway.port, ["--max-connections", "2500", "--log-level", "error"]);
    const idle = await daemon.held();
    const sockets: Socket[] = [];
    for (let i = 0; i < CONNECTIONS; i += 1) sockets.push(await open(daemon));
    const held = rssMiB(daemon);
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
    const figures = { idle: idle.rssMiB, held, peak, kBEach: ((held - idle.rssMiB) * 1024) / CONNECTIONS };
    process.stdout.write(
      `${CONNECTIONS} connections, ${MESSAGES} echoes each in ${seconds.toFixed(1)} s: MiB ${JSON.stringify(figures)}\n`,
    );
    // With few, what the process grows by on its own is most of it.
    expect(held - idle.rssMiB).toBeLessThan(20 + CONNECTIONS * 0.06);
    // A heap that was once so large gives back only part of it: what is held to is what a second time adds.
    await daemon.expectAsBefore({ ...idle, rssMiB: peak }, "after them");
    expect(total(await daemon.outcomes())).toBe(CONNECTIONS);
  });

  it(`takes ${UPGRADES} upgrades in a row, and is as it was`, async () => {
    const gateway = await switchingGateway(() => {});
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
    const before = await daemon.held();
    const started = performance.now();
    const lanes = 20;
    const rest = Math.floor((UPGRADES - first) / lanes);
    await Promise.all(Array.from({ length: lanes }, () => some(rest)));
    const seconds = (performance.now() - started) / 1_000;
    await daemon.expectAsBefore(before, `${lanes * rest} upgrades in ${seconds.toFixed(0)} s`);
    await expect.poll(async () => total(await daemon.outcomes())).toBe(first + lanes * rest);
  });

  it.each(["client", "gateway"])(`holds back 25 MB messages for a slow %s`, async (slow) => {
    let onOpen: (socket: Socket) => void = () => {};
    const gateway = await switchingGateway((socket) => onOpen(socket));
    const daemon = await startDaemon(gateway.port, ["--log-level", "error"]);
    const opened = new Promise<Socket>((resolve) => (onOpen = resolve));
    const client = await open(daemon);
    const peer = await opened;
    const [from, to] = slow === "client" ? [peer, client] : [client, peer];
    const message = frame(BINARY, randomBytes(MESSAGE_BYTES), slow === "gateway");
    const expected = createHash("sha256");
    const idle = rssMiB(daemon);
    let [peak, reads] = [idle, 0];
    const received = hashOf(to, LARGE * message.length, () => {
      reads += 1;
      if (reads % 10 > 0) return;
      peak = Math.max(peak, rssMiB(daemon));
      to.pause();
      setTimeout(() => to.resume(), 2);
    });
    for (let i = 0; i < LARGE; i += 1) {
      expected.update(message);
      if (!from.write(message)) await once(from, "drain");
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
