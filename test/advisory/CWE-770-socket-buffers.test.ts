// The kernel buffers megabytes for each connection that is not read. In control groups of version 2 they count towards the
// memory limit: a few hundred such clients had the shim killed. test/hard/memory.test.ts fills them; here the group's
// files are those of the test, and the queues are the kernel's.
import { once } from "node:events";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { closed, rawClient, SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { challenge } from "../support/messages.ts";
import { frame, TEXT } from "../support/websocket-frames.ts";

const MIB = 1024 * 1024;
const files = new Map<string, string>();
const { readFileSync } = fs;

beforeAll(() => {
  const read = (...args: Parameters<typeof readFileSync>): unknown =>
    files.get(String(args[0])) ?? readFileSync(...args);
  Object.assign(fs, { readFileSync: read });
  syncBuiltinESMExports();
});
afterEach(() => files.clear());
afterAll(() => {
  Object.assign(fs, { readFileSync });
  syncBuiltinESMExports();
});

/** Sets the files of a control group with a limit of 256 MiB, and how much of it socket buffers use. */
function setBuffers(mib: number, limit = String(256 * MIB)): void {
  files.set("/proc/self/cgroup", "0::/system.slice/openclaw-shim.service\n");
  files.set("/sys/fs/cgroup/system.slice/openclaw-shim.service/memory.max", "max\n");
  files.set("/sys/fs/cgroup/system.slice/memory.max", `${limit}\n`);
  files.set("/sys/fs/cgroup/system.slice/memory.stat", `anon 1\nsock ${mib * MIB}\nshmem 0\n`);
}

/** Part of a message that is never complete: the handshake goes on. */
const MESSAGE = frame(TEXT, "x".repeat(4 * MIB - 1_000), false).subarray(0, -1);

/** A gateway that sends 4 MiB at once, and sends back what it receives; POST it does not read. */
function onRequest(socket: Socket, head: string): void {
  if (head.startsWith("POST")) return void socket.pause();
  const isUpgrade = head.startsWith("GET /ws");
  socket.write(isUpgrade ? SWITCHING_PROTOCOLS : "HTTP/1.1 200 OK\r\n\r\n");
  if (isUpgrade) socket.write(frame(TEXT, challenge, false));
  socket.write(MESSAGE);
  socket.on("data", (chunk: Buffer) => socket.write(chunk));
}

async function start() {
  const { shim, requests } = await startRawGatewayWithShim(onRequest);
  /** Connects a client that reads nothing. */
  const unread = async (request: string): Promise<Socket> => {
    const count = requests.length;
    const socket = connect(shim.port, "127.0.0.1")
      .pause()
      .on("error", () => {});
    socket.write(request);
    await expect.poll(() => requests.length).toBe(count + 1);
    return socket;
  };
  // As many connections as are not watched.
  for (let i = 0; i < 20; i += 1) await once(connect(shim.port, "127.0.0.1"), "connect");
  return { shim, requests, unread };
}

const POST = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99000000\r\n\r\n";

describe.runIf(process.platform === "linux")("socket buffers beyond a quarter of the memory limit", () => {
  it.each([
    ["frames that the client does not read", upgradeRequest([], "/ws"), "pairing.outcome"],
    [
      "a response that the client does not read",
      "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
      "request.denied",
    ],
    ["a body that the gateway does not read", POST + "x".repeat(8 * MIB), "request.denied"],
  ])("reset a connection with %s, and none that is read", async (_what, request, event) => {
    setBuffers(0);
    const { shim, requests, unread } = await start();
    const reading = rawClient(shim.port, upgradeRequest([], "/ws"));
    await reading.until((text) => text.length > MESSAGE.length);
    const socket = await unread(request);
    setBuffers(65);

    const line = await shim.logged("connection.dropped");
    expect(line).toMatchObject({ level: "warn", reason: "memory_limit" });
    expect(line["msg"]).toContain("memory limit of 256 MiB");
    await Promise.all([closed(socket.resume()), closed(requests[1]?.resume() ?? socket)]);
    expect(await shim.logged(event)).toMatchObject({
      reason: "memory_limit",
    });
    reading.socket.write("still here");
    await reading.until((text) => text.endsWith("still here"));
    expect(shim.lines.filter((one) => one["event"] === "connection.dropped")).toHaveLength(1);
  });

  it("reset no connection without a limit", async () => {
    setBuffers(500, "max");
    const { shim, unread } = await start();
    const socket = await unread(upgradeRequest([], "/ws"));
    const after = rawClient(shim.port, upgradeRequest([], "/ws"));
    await after.until((text) => text.length > MESSAGE.length);
    expect(socket.destroyed).toBe(false);
    expect(shim.lines.some((one) => one["event"] === "connection.dropped")).toBe(false);
  });
});
