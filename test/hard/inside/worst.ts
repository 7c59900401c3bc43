// Runs the bundle in a memory control group, and all its connections at their worst at once, in a network namespace of its
// own. Usage: `worst.mjs SCENARIO BUNDLE CGROUP_PROCS`. Prints one line of JSON: what the shim's health page says then.
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connectRequest } from "../../support/messages.ts";
import { upgradeRequest } from "../../support/raw.ts";
import { BINARY, frame, TEXT } from "../../support/websocket-frames.ts";
import { CONNECTIONS, KIB, MIB, open, pour, SHIM, ZEROS } from "./worst-clients.ts";
import * as gateways from "./worst-gateways.ts";
import { accept, challengeAll, connectAll, type OnRequest } from "./worst-gateways.ts";

const GATEWAY = 18_789;
/** Until the shim has read and relayed what it takes. */
const SETTLED_MS = 2_000;
const DEADLINE_MS = 120_000;
interface Scenario {
  readonly args?: readonly string[];
  readonly gateway?: OnRequest;
  readonly attack: () => Promise<unknown>;
}

const UPGRADE = upgradeRequest();
/** The gateway's ends of the connections. */
let upstream: readonly Socket[] = [];
/** A client whose data is read, in some scenarios. */
let reader: Socket | undefined;

/** As `open`; resolves when no more of them reach the gateway: at most 28 with a handshake that is not over. */
async function openThrough(text: string | Buffer, reads = true): Promise<Socket[]> {
  const sockets = await open(text, CONNECTIONS, reads);
  let before = -1;
  while (upstream.length < CONNECTIONS && upstream.length > before) {
    before = upstream.length;
    await sleep(1_000);
  }
  return sockets;
}

const acceptAndRead: OnRequest = (socket) => accept(socket.resume());
/** Lets the handshake be over at once, so that all connections can be open. */
const CONNECTED = Buffer.concat([Buffer.from(UPGRADE), frame(TEXT, connectRequest(), true)]);
const get = (path: string, field = "Accept: */*"): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${field}\r\n\r\n`;

/** Holds request heads with these fields, and as many frames as are taken before the 101. */
async function heads(fields: readonly string[]): Promise<void> {
  const clients = await openThrough(upgradeRequest(fields));
  for (let at = 0; at < 64; at += 1) {
    for (const client of clients) client.write(ZEROS.subarray(0, 1_000));
    await sleep(5);
  }
}

/** The largest outcomes: all that a client can send and that is shown. */
async function largeOutcomes(): Promise<void> {
  const wide = "\u4e2d".repeat(128);
  const client = { id: wide, mode: wide, version: wide, platform: wide };
  const scopes = Array.from({ length: 32 }, () => wide);
  const addresses = Array.from({ length: 15 }, () => "192.0.2.1").join(", ");
  const fields = Array.from({ length: 40 }, (_, i) => `X-Forwarded-For-${"n".repeat(50)}-${i}: ${addresses}`);
  const say = frame(TEXT, connectRequest({ client, scopes, role: wide, device: { id: wide } }), true);
  const clients = await open(upgradeRequest(fields, `/${"p".repeat(300)}`), 200);
  await sleep(500);
  await Promise.all(clients.map((one) => once(one.end(say), "close")));
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "idle after the handshake": {
    gateway: (socket) => connectAll(socket),
    attack: () => openThrough(CONNECTED),
  },
  "messages of clients that are never complete, byte by byte": {
    gateway: acceptAndRead,
    async attack() {
      const clients = await openThrough(UPGRADE);
      // Those that wait for their handshake may send 64 KiB in all.
      const message = frame(TEXT, "x".repeat(60 * KIB), true);
      // As many as arrive apart from each other before the shim stops reading the handshake.
      const [bytewise, others] = [clients.slice(0, 110), clients.slice(110)];
      for (const client of others) client.write(message.subarray(0, -1));
      for (let at = 0; at < 15_000; at += 1) {
        for (const client of bytewise) client.write(message.subarray(at, at + 1));
        await sleep(0);
      }
    },
  },
  "messages of clients in 1,024 fragments": {
    gateway: acceptAndRead,
    async attack() {
      const clients = await openThrough(UPGRADE);
      for (let at = 0; at < 1_024; at += 1) {
        const fragment = frame(TEXT, "x".repeat(50), true);
        fragment[0] = at === 0 ? 0x01 : 0x00;
        for (const client of clients) client.write(fragment);
        await sleep(1);
      }
    },
  },
  "messages of the gateway that are never complete": {
    gateway: (socket) => {
      accept(socket);
      socket.write(frame(TEXT, "x".repeat(4 * MIB), false).subarray(0, -1));
    },
    attack: () => openThrough(UPGRADE),
  },
  "request heads of many fields, and frames before the 101": {
    attack: () => heads(Array.from({ length: 240 }, (_, i) => `X-${i}: ${"v".repeat(50)}`)),
  },
  "request heads of many deleted fields": {
    attack: () =>
      heads(Array.from({ length: 240 }, (_, i) => `X-Forwarded-${i}: 192.0.2.1, 192.0.2.2, 192.0.2.3`)),
  },
  "request heads of too many deleted fields": {
    attack: () => open(upgradeRequest(Array.from({ length: 3_000 }, () => "via:"))),
  },
  "slow request heads": { attack: () => open(`GET / HTTP/1.1\r\n${"a:\r\n".repeat(4_000)}`, 700) },
  "frames to clients that do not read": {
    gateway: (socket) => connectAll(socket, () => pour(socket)),
    attack: () => openThrough(CONNECTED, false),
  },
  "frames, all at once, to clients that do not read": {
    gateway: (socket) =>
      connectAll(socket, () => socket.once("data", (bytes: Buffer) => bytes.length > 1 && pour(socket))),
    async attack() {
      const clients = await openThrough(CONNECTED, false);
      reader = clients[0]?.resume();
      for (const client of clients) client.write(client === reader ? "x" : "all");
    },
  },
  "frames in both directions to sides that do not read": {
    gateway: (socket) =>
      connectAll(socket, () => pour(socket.pause(), frame(BINARY, Buffer.alloc(2 * MIB), false))),
    async attack() {
      for (const client of await openThrough(CONNECTED, false)) pour(client);
    },
  },
  "refusals to clients that do not read": {
    gateway: (socket) => {
      socket.write("HTTP/1.1 403 No\r\nContent-Length: 99000000\r\n\r\n");
      pour(socket);
    },
    attack: () => openThrough(UPGRADE, false),
  },
  "frames, all at once, to a gateway that does not read": {
    gateway: (socket) => connectAll(socket, () => void socket.pause()),
    async attack() {
      for (const client of await openThrough(CONNECTED)) pour(client);
    },
  },
  "request bodies to a gateway that does not read": {
    gateway: (socket) => void socket.pause(),
    async attack() {
      const head = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99000000\r\n\r\nx";
      for (const client of await openThrough(head)) pour(client);
    },
  },
  "pipelined requests with bodies": {
    gateway: (socket) => void socket.pause(),
    attack() {
      const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ${"v".repeat(15_000)}\r\nContent-Length: 15000\r\n\r\n`;
      return openThrough(get("/") + `${head}${"x".repeat(15_000)}`.repeat(4));
    },
  },
  "responses to clients that do not read": {
    gateway: (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n");
      pour(socket);
    },
    attack: () => openThrough(get("/"), false),
  },
  "whole responses to clients that do not read": {
    gateway: (socket) => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * MIB}\r\n\r\n${"x".repeat(2 * MIB)}`);
    },
    attack: () => openThrough(get("/", "Connection: close"), false),
  },
  "outcomes and pages that nobody reads": {
    gateway: challengeAll,
    async attack() {
      await largeOutcomes();
      await open(get("/__shim__/outcomes", "Accept: text/event-stream"), 32, false);
      await open(get("/__shim__/outcomes"), 250, false);
      await open(get("/__shim__/"), 250, false);
      await largeOutcomes();
      await open(get("/__shim__/outcomes"), 250, false);
    },
  },
  "a log that nobody reads": {
    args: ["--log-level", "debug"],
    gateway: challengeAll,
    async attack() {
      for (let i = 0; i < 3; i += 1) await largeOutcomes();
    },
  },
  "refused devices, and an approver with a long list": {
    args: ["--approve", "seen"],
    async attack() {
      const clients = await open(UPGRADE);
      await sleep(1_000);
      for (const [i, client] of clients.entries()) {
        const device = { id: `device-${i}`, publicKey: "k" };
        client.write(
          frame(TEXT, connectRequest({ role: "operator", scopes: ["operator.read"], device }), true),
        );
      }
    },
  },
};

const [name = "", bundle = "", procs = ""] = process.argv.slice(2);
const scenario = SCENARIOS[name];
if (!scenario) {
  process.stdout.write(JSON.stringify(Object.keys(SCENARIOS)));
  process.exit();
}
const { args = [], gateway = () => {}, attack } = scenario;
if (args.includes("--approve")) gateways.startApprovedGateway(GATEWAY);
else upstream = gateways.startRelayedGateway(GATEWAY, gateway);
const command = [
  "-c",
  `echo $$ > ${procs}; exec "$@"`,
  "sh",
  process.execPath,
  bundle,
  "run",
  "--log-format",
  "json",
  ...args,
];
const env = { HOME: "/tmp", PATH: "/usr/bin:/bin", OPENCLAW_GATEWAY_TOKEN: "t" };
const shim = spawn("/bin/sh", command, { env, stdio: ["ignore", "pipe", "inherit"] });
let killedBy: string | undefined;
shim.on("exit", (code, signal) => (killedBy = signal ?? `exit ${code}`));
const health = async (): Promise<unknown> => {
  const response = await fetch(`http://127.0.0.1:${SHIM}/__shim__/health`).catch(() => undefined);
  return response?.json();
};
while ((await health()) === undefined) await sleep(50);
// Without a reader for the scenario that needs none.
if (!name.includes("log")) shim.stdout.resume();
await Promise.race([attack(), sleep(DEADLINE_MS)]);
await sleep(SETTLED_MS);
const isReading = reader && !reader.destroyed;
process.stdout.write(
  JSON.stringify({ health: await health(), killedBy, reached: upstream.length, isReading }),
);
if (shim.kill("SIGKILL") && killedBy === undefined) await once(shim, "exit");
process.exit();
