import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { challenge, connectRequest } from "../support/messages.ts";
import { startRawServer, SWITCHING_PROTOCOLS, upgradeRequest, type RawServer } from "../support/raw.ts";
import { frame, TEXT } from "../support/websocket-frames.ts";
import { startDaemon, total, type Daemon } from "./daemon.ts";
import { scaled } from "./scale.ts";

/** Each fault as often as this, all at once. */
const TIMES = scaled(50);
/** What waits for a deadline of the shim's is left alone by then. */
const PATIENCE_MS = 60_000;

const UPGRADE = upgradeRequest();
const HALF = UPGRADE.slice(0, -30);
const GET = "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const LARGE = frame(TEXT, Buffer.alloc(25_000_000, 0x61), false);
const CHALLENGE = frame(TEXT, challenge, false);
const CONNECT = frame(TEXT, connectRequest(), true);

type Behave = (socket: Socket) => void;

/** The gateway's side: what it does once a head has come. */
const GATEWAYS: Readonly<Record<string, Behave>> = {
  "never answers": () => {},
  "answers with garbage": (socket) => socket.write(Buffer.alloc(2_000, 0x81)),
  "answers with half a head": (socket) => socket.write("HTTP/1.1 101 Swit"),
  "answers twice": (socket) => socket.write(`${SWITCHING_PROTOCOLS}${SWITCHING_PROTOCOLS}`),
  "refuses twice": (socket) =>
    socket.write("HTTP/1.1 403 F\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\n\r\n"),
  "answers byte by byte": (socket) => drip(socket, SWITCHING_PROTOCOLS, 1),
  "ends at once": (socket) => socket.end(),
  "resets at once": (socket) => socket.resetAndDestroy(),
  "half-closes after the 101": (socket) => socket.end(SWITCHING_PROTOCOLS),
  "challenges and stalls": (socket) =>
    socket.write(Buffer.concat([Buffer.from(SWITCHING_PROTOCOLS), CHALLENGE])),
  "challenges and resets": (socket) => {
    socket.write(Buffer.concat([Buffer.from(SWITCHING_PROTOCOLS), CHALLENGE]), () =>
      socket.resetAndDestroy(),
    );
  },
  "sends frames that are none": (socket) => socket.write(`${SWITCHING_PROTOCOLS}\xff\xff\xff\xff`, "latin1"),
  "sends a 25 MB message that nobody reads": (socket) => {
    socket.write(SWITCHING_PROTOCOLS);
    socket.write(LARGE);
  },
};

/** The client's side, from connecting on. */
const CLIENTS: Readonly<Record<string, Behave>> = {
  "sends nothing": () => {},
  "sends half a head": (socket) => socket.write(HALF),
  "sends a head byte by byte": (socket) => drip(socket, UPGRADE, 7),
  "sends half a head and ends": (socket) => socket.end(HALF),
  "asks and leaves": (socket) => socket.write(UPGRADE, () => socket.destroy()),
  "asks and resets": (socket) => socket.write(UPGRADE, () => socket.resetAndDestroy()),
  "asks and half-closes": (socket) => socket.end(UPGRADE),
  "asks and never reads": (socket) => {
    socket.pause();
    socket.write(UPGRADE);
  },
  "asks, connects and stays": (socket) => {
    socket.write(UPGRADE);
    socket.once("data", () => socket.write(CONNECT));
  },
  "asks, connects and resets": (socket) => {
    socket.write(UPGRADE);
    socket.once("data", () => socket.write(CONNECT, () => socket.resetAndDestroy()));
  },
  "asks for a page": (socket) => socket.write(GET),
  "asks for a page and leaves": (socket) => socket.write(GET, () => socket.resetAndDestroy()),
};
/** Those whose request for a WebSocket is whole. */
const ASKING = Object.keys(CLIENTS).filter((name) => /byte by byte|^asks(?! for a page)/.test(name));
/** What has not been read when a reset comes is lost in the kernel: then there was no request. */
const UNSURE = TIMES;

function drip(socket: Socket, text: string, size: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || sent >= text.length) clearInterval(timer);
    else socket.write(text.slice(sent, (sent += size)));
  }, 5);
}

/** A gateway that behaves so on each connection that sends something: the shim's probes do not. */
function misbehaving(behave: Behave): Promise<RawServer> {
  return startRawServer((socket) => {
    socket.once("data", () => behave(socket));
    socket.on("end", () => setTimeout(() => socket.destroy(), PATIENCE_MS).unref());
  });
}

function clientOf(daemon: Daemon, behave: Behave): Socket {
  const socket = connect({ port: daemon.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.once("connect", () => behave(socket));
  return socket;
}

async function leave(sockets: readonly Socket[]): Promise<void> {
  // Long enough for each side to have come to its point, and stalled there.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  for (const socket of sockets) socket.destroy();
}

describe.each(Object.entries(GATEWAYS))("a gateway that %s", (name, behave) => {
  it("costs nothing that stays, whatever its clients do, and each request has one outcome", async () => {
    const gateway = await misbehaving(behave);
    const daemon = await startDaemon(gateway.port, ["--max-connections", "2000", "--hold", "0"]);
    const idle = await daemon.held();
    const asked = TIMES * ASKING.length;
    const outcomes = async (): Promise<number> => total(await daemon.outcomes());
    const round = async (): Promise<void> => {
      const all = Object.values(CLIENTS);
      await leave(all.flatMap((client) => Array.from({ length: TIMES }, () => clientOf(daemon, client))));
    };
    await round();
    await expect.poll(outcomes, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(asked - UNSURE);
    await round();
    await expect.poll(outcomes, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(2 * (asked - UNSURE));
    // Two rounds make the process as large as it will be.
    const { rssMiB } = await daemon.held();
    await round();
    await expect.poll(outcomes, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(3 * (asked - UNSURE));
    await daemon.expectAsBefore({ ...idle, rssMiB }, `a gateway that ${name}`);
    expect(await outcomes()).toBeLessThanOrEqual(3 * asked);
    await gateway.close();
  });
});
