import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { challenge, connectRequest } from "../support/messages.ts";
import { startRawServer, SWITCHING_PROTOCOLS, upgradeRequest, type RawServer } from "../support/raw.ts";
import { frame, TEXT } from "../support/websocket-frames.ts";
import { startDaemon, total, type Daemon } from "./daemon.ts";
import { scaled } from "./scale.ts";

/** Number of parallel connections for each fault. */
const TIMES = scaled(50);
/** All incomplete messages together have 16 MiB, and are copied as they grow (src/net/byte-store.ts). */
const INCOMPLETE_MIB = 24;
/** Longer than every deadline of the shim. */
const DEADLINE_MS = 60_000;

const UPGRADE = upgradeRequest();
const PARTIAL = UPGRADE.slice(0, -30);
const GET = "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const LARGE = frame(TEXT, Buffer.alloc(25_000_000, 0x61), false);
const CHALLENGE = frame(TEXT, challenge, false);
const CONNECT = frame(TEXT, connectRequest(), true);

type Behavior = (socket: Socket) => void;

/** Behavior of a gateway after a request head. */
const GATEWAYS: Readonly<Record<string, Behavior>> = {
  "does not respond": () => {},
  "responds with garbage": (socket) => socket.write(Buffer.alloc(2_000, 0x81)),
  "responds with a partial header section": (socket) => socket.write("HTTP/1.1 101 Swit"),
  "responds twice": (socket) => socket.write(`${SWITCHING_PROTOCOLS}${SWITCHING_PROTOCOLS}`),
  "refuses twice": (socket) =>
    socket.write("HTTP/1.1 403 F\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\n\r\n"),
  "responds byte by byte": (socket) => sendSlowly(socket, SWITCHING_PROTOCOLS, 1),
  "closes immediately": (socket) => socket.end(),
  "resets immediately": (socket) => socket.resetAndDestroy(),
  "half-closes after the 101": (socket) => socket.end(SWITCHING_PROTOCOLS),
  "challenges and stalls": (socket) =>
    socket.write(Buffer.concat([Buffer.from(SWITCHING_PROTOCOLS), CHALLENGE])),
  "challenges and resets": (socket) => {
    socket.write(Buffer.concat([Buffer.from(SWITCHING_PROTOCOLS), CHALLENGE]), () =>
      socket.resetAndDestroy(),
    );
  },
  "sends malformed frames": (socket) => socket.write(`${SWITCHING_PROTOCOLS}\xff\xff\xff\xff`, "latin1"),
  "sends a 25 MB message that the client does not read": (socket) => {
    socket.write(SWITCHING_PROTOCOLS);
    socket.write(LARGE);
  },
};

/** Behavior of a client after it has connected. */
const CLIENTS: Readonly<Record<string, Behavior>> = {
  "sends nothing": () => {},
  "sends a partial header section": (socket) => socket.write(PARTIAL),
  "sends an upgrade byte by byte": (socket) => sendSlowly(socket, UPGRADE, 7),
  "sends a partial header section and half-closes": (socket) => socket.end(PARTIAL),
  "upgrades and closes": (socket) => socket.write(UPGRADE, () => socket.destroy()),
  "upgrades and resets": (socket) => socket.write(UPGRADE, () => socket.resetAndDestroy()),
  "upgrades and half-closes": (socket) => socket.end(UPGRADE),
  "upgrades and never reads": (socket) => {
    socket.pause();
    socket.write(UPGRADE);
  },
  "upgrades, connects and stays": (socket) => {
    socket.write(UPGRADE);
    socket.once("data", () => socket.write(CONNECT));
  },
  "upgrades, connects and resets": (socket) => {
    socket.write(UPGRADE);
    socket.once("data", () => socket.write(CONNECT, () => socket.resetAndDestroy()));
  },
  "requests a page": (socket) => socket.write(GET),
  "requests a page and resets": (socket) => socket.write(GET, () => socket.resetAndDestroy()),
};
/** The clients that send a complete WebSocket request. */
const UPGRADING = Object.keys(CLIENTS).filter((name) => /byte by byte|^upgrades/.test(name));
/** The kernel discards unread bytes at a reset: these requests may not arrive. */
const UNCERTAIN = TIMES;

function sendSlowly(socket: Socket, text: string, size: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || sent >= text.length) clearInterval(timer);
    else socket.write(text.slice(sent, (sent += size)));
  }, 5);
}

/** Starts a gateway with this behavior on each connection that sends bytes: the shim's probes send none. */
function startFaultyGateway(behavior: Behavior): Promise<RawServer> {
  return startRawServer((socket) => {
    socket.once("data", () => behavior(socket));
    socket.on("end", () => setTimeout(() => socket.destroy(), DEADLINE_MS).unref());
  });
}

function clientOf(daemon: Daemon, behavior: Behavior): Socket {
  const socket = connect({ port: daemon.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.once("connect", () => behavior(socket));
  return socket;
}

async function destroyLater(sockets: readonly Socket[]): Promise<void> {
  // Long enough for each side to complete its behavior and stall.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  for (const socket of sockets) socket.destroy();
}

describe.each(Object.entries(GATEWAYS))("a gateway that %s", (name, behavior) => {
  it("causes no leak with any client behavior, and each request has one outcome", async () => {
    const gateway = await startFaultyGateway(behavior);
    const daemon = await startDaemon(gateway.port, ["--max-connections", "2000", "--hold", "0"]);
    // The first plain HTTP request loads its relay, which must not count as a leak.
    await fetch(`http://127.0.0.1:${daemon.port}/x`, { signal: AbortSignal.timeout(500) }).catch(() => {});
    const sockets = async (): Promise<number> => (await daemon.usage()).resources["TCPSocketWrap"] ?? 0;
    await expect.poll(sockets, { timeout: DEADLINE_MS }).toBeLessThanOrEqual(1);
    const idle = await daemon.usage();
    const upgrades = TIMES * UPGRADING.length;
    const outcomes = async (): Promise<number> => total(await daemon.outcomes());
    const round = async (): Promise<void> => {
      const all = Object.values(CLIENTS);
      await destroyLater(
        all.flatMap((client) => Array.from({ length: TIMES }, () => clientOf(daemon, client))),
      );
    };
    await round();
    await expect.poll(outcomes, { timeout: DEADLINE_MS }).toBeGreaterThanOrEqual(upgrades - UNCERTAIN);
    await round();
    await expect.poll(outcomes, { timeout: DEADLINE_MS }).toBeGreaterThanOrEqual(2 * (upgrades - UNCERTAIN));
    // After two rounds the process has its final size, but for what its allocator retains of large messages: in 16
    // rounds of these it was 60, 64, 76, and from then on 76 to 79 MiB.
    const { rssMiB: before } = await daemon.usage();
    const rssMiB = before + (name.includes("25 MB") ? INCOMPLETE_MIB : 0);
    await round();
    await expect.poll(outcomes, { timeout: DEADLINE_MS }).toBeGreaterThanOrEqual(3 * (upgrades - UNCERTAIN));
    await daemon.expectNoLeak({ ...idle, rssMiB }, `a gateway that ${name}`);
    expect(await outcomes()).toBeLessThanOrEqual(3 * upgrades);
    await gateway.close();
  });
});
