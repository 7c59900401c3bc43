import { EventEmitter, once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { handshake, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { bundle, type Bundle } from "../commands/bundle.ts";
import { startProcess, type Lines } from "../service/process.ts";
import { freePort, rawClient, startRawServer, upgradeRequest } from "../support/raw.ts";

const HOUR_MS = 3_600_000;
const SUSPENDED_MS = 500;
const DEADLINE_MS = 5_000;
const TOKEN = "token-of-the-snapshot";
/** Simulates a resumed snapshot: SIGUSR2 sets the clock forward by an hour, and OpenSSL's random numbers repeat. */
const PRELOAD = `
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
const { now } = Date;
let offset = 0;
Date.now = () => now() + offset;
process.on("SIGUSR2", () => { offset += ${HOUR_MS}; });
crypto.randomUUID = () => "00000000-0000-4000-8000-000000000000";
crypto.randomBytes = (size) => Buffer.alloc(size);
syncBuiltinESMExports();
`;

let command: Bundle;
let preload: string;
beforeAll(async () => {
  command = await bundle();
  preload = join(command.folder, "preload.mjs");
  writeFileSync(preload, PRELOAD);
});
afterAll(() => command.remove());

interface Daemon {
  readonly process: Lines;
  readonly port: number;
  /** Stops the process, runs `meanwhile`, sets its clock forward and continues it, as a snapshot and resume do. */
  suspend(meanwhile: () => Promise<void>): Promise<void>;
}

async function startDaemon(gatewayPort: number): Promise<Daemon> {
  const run = ["run", "--listen", "127.0.0.1:0", "--gateway", `ws://127.0.0.1:${gatewayPort}`];
  const daemon = startProcess([process.execPath, "--import", preload, command.path, ...run]);
  const [, port] = /127\.0\.0\.1:(\d+)"/.exec(await daemon.line('"listening"')) ?? [];
  return {
    process: daemon,
    port: Number(port),
    async suspend(meanwhile) {
      daemon.child.kill("SIGSTOP");
      await Promise.all([sleep(SUSPENDED_MS), meanwhile()]);
      daemon.child.kill("SIGUSR2");
      daemon.child.kill("SIGCONT");
    },
  };
}

function connect(port: number, keepOpen: boolean, device = createDevice()): Promise<HandshakeResult> {
  return handshake({
    url: `ws://127.0.0.1:${port}`,
    token: TOKEN,
    device,
    keepOpen,
    timeoutMs: DEADLINE_MS,
  });
}

function outcomes({ process: { stdout } }: Daemon): readonly Readonly<Record<string, unknown>>[] {
  const records = stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
  return records.filter(({ event }) => event === "pairing.outcome");
}

describe("a shim that is resumed from a snapshot", () => {
  it("closes the connections of a gateway that was replaced, and relays new ones with unique ids", async () => {
    const gatewayPort = await freePort();
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN, port: gatewayPort });
    const daemon = await startDaemon(gatewayPort);
    const before = await Promise.all([1, 2, 3].map(() => connect(daemon.port, true)));
    const closed = before.map((result) => {
      if (!result.ok || !result.session) throw new Error(`not connected: ${JSON.stringify(result)}`);
      return once(result.session.socket, "close", { signal: AbortSignal.timeout(DEADLINE_MS) });
    });

    await daemon.suspend(async () => {
      await gateway.close();
      const next = await startFakeGateway({ release: "2026.9.6", token: TOKEN, port: gatewayPort });
      onTestFinished(() => next.close());
    });

    await Promise.all(closed);
    const device = createDevice();
    expect(await connect(daemon.port, false, device)).toMatchObject({ ok: true });
    await daemon.process.line(device.id);
    const reported = outcomes(daemon);
    expect(reported).toMatchObject(Array.from({ length: 4 }, () => ({ outcome: "connected" })));
    expect(new Set(reported.map(({ conn }) => conn)).size).toBe(4);
    const times = reported.map(({ time }) => Date.parse(String(time)));
    expect((times[3] ?? 0) - (times[2] ?? 0)).toBeGreaterThan(HOUR_MS);
    expect(Number(reported[3]?.["ms"])).toBeLessThan(DEADLINE_MS);
  });

  it("measures durations independently of the clock, and keeps an upgrade in progress", async () => {
    const upgrades = new EventEmitter<{ upgrade: [Socket] }>();
    const gateway = await startRawServer((socket) => {
      socket.once("data", () => upgrades.emit("upgrade", socket));
    });
    onTestFinished(() => gateway.close());
    const daemon = await startDaemon(gateway.port);
    const started = performance.now();
    const upgraded = once(upgrades, "upgrade", { signal: AbortSignal.timeout(DEADLINE_MS) });
    const client = rawClient(daemon.port, upgradeRequest());
    onTestFinished(() => void client.socket.destroy());
    const [socket] = (await upgraded) as [Socket];

    await daemon.suspend(async () => {});
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

    await client.until((text) => text.startsWith("HTTP/1.1 403"));
    await daemon.process.line('"pairing.outcome"');
    const [outcome] = outcomes(daemon);
    expect(outcome).toMatchObject({ outcome: "gateway-refused" });
    expect(Number(outcome?.["ms"])).toBeGreaterThan(SUSPENDED_MS / 2);
    expect(Number(outcome?.["ms"])).toBeLessThan(performance.now() - started);
  });

  it.runIf(process.platform === "linux")("enables TCP keepalive on both sides", async () => {
    const gatewayPort = await freePort();
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN, port: gatewayPort });
    onTestFinished(() => gateway.close());
    const daemon = await startDaemon(gatewayPort);
    const result = await connect(daemon.port, true);
    if (!result.ok) throw new Error("not connected");
    onTestFinished(() => result.session?.close());
    expect(hasKeepalive({ to: gatewayPort })).toBe(true);
    expect(hasKeepalive({ from: daemon.port })).toBe(true);
  });
});

/** Returns true if an established connection to or from a port has a keepalive timer (proc_net_tcp.rst, `tr` 2). */
function hasKeepalive({ to, from }: { readonly to?: number; readonly from?: number }): boolean {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");
  const [local, remote] = [
    from === undefined ? "[0-9A-F]{4}" : hex(from),
    to === undefined ? "[0-9A-F]{4}" : hex(to),
  ];
  const line = new RegExp(`: 0100007F:${local} 0100007F:${remote} 01 [0-9A-F:]+ 02:`);
  return line.test(readFileSync("/proc/net/tcp", "utf8"));
}
