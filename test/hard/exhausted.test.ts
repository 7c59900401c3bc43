import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { handshake } from "../support/client.ts";
import { GatewayRequestError } from "../../src/openclaw/gateway-session.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { rawClient, upgradeRequest, type RawClient } from "../support/raw.ts";
import { connects, flood, fakeGatewayPort } from "./clients.ts";
import { startDaemon, total } from "./daemon.ts";
import { scaled } from "./scale.ts";

const CLIENTS = 150;
const LINES = scaled(20_000);

/** Returns true for a refusal by the gateway, which is a response too; false for a lost connection. */
function isResponse(error: unknown): boolean {
  return error instanceof GatewayRequestError;
}

describe("exhausted file descriptors", () => {
  it("affect only connections at that time, not later ones", async () => {
    const daemon = await startDaemon(await fakeGatewayPort(), ["--hold", "0"], {
      shell: 'ulimit -n 80; exec "$@"',
    });
    expect(await connects(daemon)).toBe(true);
    const round = async (): Promise<void> => {
      const clients: RawClient[] = [];
      for (let i = 0; i < CLIENTS; i += 1) clients.push(rawClient(daemon.port, upgradeRequest()));
      await new Promise((resolve) => setTimeout(resolve, 500));
      const responded = clients.filter((client) => client.received().startsWith("HTTP/1.1 ")).length;
      const upgraded = clients.filter((client) => client.received().startsWith("HTTP/1.1 101")).length;
      // 80 descriptors are enough for some responses, but not for half of the upgrades.
      expect(responded).toBeGreaterThan(5);
      expect(upgraded).toBeLessThan(CLIENTS / 2);
      for (const { socket } of clients) socket.destroy();
      await Promise.all(clients.map((client) => client.closed()));
      await expect.poll(() => connects(daemon), { timeout: 5_000 }).toBe(true);
    };
    // After one round the process has its final size.
    await round();
    const before = await daemon.usage();
    for (let rounds = 0; rounds < 5; rounds += 1) await round();
    await daemon.expectNoLeak(before, `${5 * CLIENTS} clients on 80 descriptors`);
  });
});

describe("a log without a reader", () => {
  it(`does not stop the shim: ${LINES} lines into a full pipe, then a closed pipe`, async () => {
    const daemon = await startDaemon(await fakeGatewayPort(), [], { stdout: "pipe" });
    await flood(daemon, 2_000);
    const before = await daemon.usage();
    await flood(daemon, LINES);
    expect(await connects(daemon)).toBe(true);
    await daemon.expectNoLeak(before, `${LINES} lines into a pipe that is full`);
    daemon.child.stdout?.destroy();
    await flood(daemon, 500);
    expect(await connects(daemon)).toBe(true);
    await daemon.expectNoLeak(before, "a pipe that is closed");
    expect(total(await daemon.outcomes())).toBeGreaterThanOrEqual(LINES + 2_502);
  });

  it("has the number of dropped lines when the reader continues", async () => {
    const daemon = await startDaemon(await fakeGatewayPort(), ["--log-format", "json"], { stdout: "pipe" });
    const { stdout } = daemon.child;
    if (!stdout) throw new Error("no pipe");
    await flood(daemon, 5_000);
    const before = total(await daemon.outcomes());
    const records: { event?: string; lines?: number }[] = [];
    createInterface({ input: stdout }).on("line", (line) => records.push(JSON.parse(line)));
    // The first line that fits is followed by log.dropped.
    await expect
      .poll(async () => {
        await connects(daemon);
        return records.find(({ event }) => event === "log.dropped");
      })
      .toBeDefined();
    const dropped = records.findIndex(({ event }) => event === "log.dropped");
    const written = records.slice(0, dropped).filter(({ event }) => event === "pairing.outcome").length;
    expect(written).toBeGreaterThan(2_000);
    expect(written + (records[dropped]?.lines ?? 0)).toBeGreaterThan(before);
  });
});

describe("a blocked event loop", () => {
  it("loses no message, connection or outcome when blocked for seconds, repeatedly", async () => {
    const daemon = await startDaemon(await fakeGatewayPort());
    const url = `ws://127.0.0.1:${daemon.port}`;
    const open = await handshake({ url, token: "t", device: createDevice(), keepOpen: true });
    if (!open.ok || !open.session) throw new Error("not connected");
    const { session } = open;
    const stall = async (): Promise<void> => {
      const stalled = daemon.usage(2_000);
      const responses = Array.from({ length: 50 }, () => session.request("health").catch(isResponse));
      const upgrades = Array.from({ length: 20 }, () => connects(daemon));
      await stalled;
      expect(await Promise.all(upgrades)).not.toContain(false);
      expect(await Promise.all(responses)).not.toContain(false);
    };
    await stall();
    const before = await daemon.usage();
    for (let stalls = 0; stalls < 3; stalls += 1) await stall();
    expect(session.socket.readyState).toBe(session.socket.OPEN);
    await expect.poll(() => daemon.outcomes()).toEqual({ connected: 81 });
    await daemon.expectNoLeak(before, "3 stalls of 2 s");
    await session.close();
    daemon.child.kill("SIGTERM");
    expect((await once(daemon.child, "exit"))[0]).toBe(0);
  });
});
