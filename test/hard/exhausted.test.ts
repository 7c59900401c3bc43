import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { handshake } from "../support/client.ts";
import { GatewayRequestError } from "../../src/openclaw/gateway-session.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { rawClient, upgradeRequest, type RawClient } from "../support/raw.ts";
import { connects, flood, gatewayPort } from "./clients.ts";
import { startDaemon, total } from "./daemon.ts";
import { scaled } from "./scale.ts";

const CLIENTS = 150;
const LINES = scaled(20_000);

/** The fake gateway may refuse the method: that is a response too; a lost connection is not. */
function isAnswer(error: unknown): boolean {
  return error instanceof GatewayRequestError;
}

describe("descriptors that run out", () => {
  it("cost those that come then, and nobody who comes later", async () => {
    const daemon = await startDaemon(await gatewayPort(), ["--hold", "0"], {
      shell: 'ulimit -n 80; exec "$@"',
    });
    expect(await connects(daemon)).toBe(true);
    const round = async (): Promise<void> => {
      const clients: RawClient[] = [];
      for (let i = 0; i < CLIENTS; i += 1) clients.push(rawClient(daemon.port, upgradeRequest()));
      await new Promise((resolve) => setTimeout(resolve, 500));
      const answered = clients.filter((client) => client.received().startsWith("HTTP/1.1 ")).length;
      const upgraded = clients.filter((client) => client.received().startsWith("HTTP/1.1 101")).length;
      // 80 descriptors are enough for some to be answered, and not for half of them to be upgraded.
      expect(answered).toBeGreaterThan(5);
      expect(upgraded).toBeLessThan(CLIENTS / 2);
      for (const { socket } of clients) socket.destroy();
      await Promise.all(clients.map((client) => client.closed()));
      await expect.poll(() => connects(daemon), { timeout: 5_000 }).toBe(true);
    };
    // One round makes the process as large as it will be.
    await round();
    const before = await daemon.held();
    for (let rounds = 0; rounds < 5; rounds += 1) await round();
    await daemon.expectAsBefore(before, `${5 * CLIENTS} clients on 80 descriptors`);
  });
});

describe("a log that nobody takes", () => {
  it(`stops nothing while the pipe is full, for ${LINES} lines, nor when it is closed`, async () => {
    const daemon = await startDaemon(await gatewayPort(), [], { stdout: "pipe" });
    await flood(daemon, 2_000);
    const before = await daemon.held();
    await flood(daemon, LINES);
    expect(await connects(daemon)).toBe(true);
    await daemon.expectAsBefore(before, `${LINES} lines into a pipe that is full`);
    daemon.child.stdout?.destroy();
    await flood(daemon, 500);
    expect(await connects(daemon)).toBe(true);
    await daemon.expectAsBefore(before, "a pipe that is closed");
    expect(total(await daemon.outcomes())).toBeGreaterThanOrEqual(LINES + 2_502);
  });

  it("says how many lines it dropped once somebody reads again", async () => {
    const daemon = await startDaemon(await gatewayPort(), ["--log-format", "json"], { stdout: "pipe" });
    const { stdout } = daemon.child;
    if (!stdout) throw new Error("no pipe");
    await flood(daemon, 5_000);
    const before = total(await daemon.outcomes());
    const records: { event?: string; lines?: number }[] = [];
    createInterface({ input: stdout }).on("line", (line) => records.push(JSON.parse(line)));
    // The first line that finds room brings the other along.
    await expect
      .poll(async () => {
        await connects(daemon);
        return records.find(({ event }) => event === "log.dropped");
      })
      .toBeDefined();
    const dropped = records.findIndex(({ event }) => event === "log.dropped");
    const taken = records.slice(0, dropped).filter(({ event }) => event === "pairing.outcome").length;
    expect(taken).toBeGreaterThan(2_000);
    expect(taken + (records[dropped]?.lines ?? 0)).toBeGreaterThan(before);
  });
});

describe("an event loop that stalls", () => {
  it("for seconds, again and again, loses no message, no connection and no outcome", async () => {
    const daemon = await startDaemon(await gatewayPort());
    const url = `ws://127.0.0.1:${daemon.port}`;
    const open = await handshake({ url, token: "t", device: createDevice(), keepOpen: true });
    if (!open.ok || !open.session) throw new Error("not connected");
    const { session } = open;
    const stall = async (): Promise<void> => {
      const stalled = daemon.held(2_000);
      const answers = Array.from({ length: 50 }, () => session.request("health").catch(isAnswer));
      const upgrades = Array.from({ length: 20 }, () => connects(daemon));
      await stalled;
      expect(await Promise.all(upgrades)).not.toContain(false);
      expect(await Promise.all(answers)).not.toContain(false);
    };
    await stall();
    const before = await daemon.held();
    for (let stalls = 0; stalls < 3; stalls += 1) await stall();
    expect(session.socket.readyState).toBe(session.socket.OPEN);
    await expect.poll(() => daemon.outcomes()).toEqual({ connected: 81 });
    await daemon.expectAsBefore(before, "3 stalls of 2 s");
    await session.close();
    daemon.child.kill("SIGTERM");
    expect((await once(daemon.child, "exit"))[0]).toBe(0);
  });
});
