import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { bundleProgram } from "../../scripts/bundle.mjs";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startDaemon, total } from "./daemon.ts";
import { scaled } from "./scale.ts";
import { freePort } from "../support/raw.ts";

const CLIENTS = 200;
const KILLS = scaled(500);
/** Lifetime of a gateway: long enough for many clients, too short for all. */
const LIFE_MS = 100;

/** Time until a refused client retries. */
const BACKOFF_MS = 250;

/** Starts the fake gateway as a separate process on `port`. */
async function startGateway(program: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  if (!child.stdout) throw new Error("no stdout");
  await once(child.stdout, "data");
  return child;
}

describe("a gateway that is killed repeatedly", () => {
  it(`causes no leak after ${KILLS} kills with ${CLIENTS} clients`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "shim-killed-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const program = join(folder, "gateway.mjs");
    await bundleProgram(join(import.meta.dirname, "inside", "gateway.ts"), program, "0.0.0");
    const port = await freePort();
    let gateway = await startGateway(program, port);
    onTestFinished(() => void gateway.kill("SIGKILL"));
    const daemon = await startDaemon(port, ["--max-connections", "400", "--hold", "5s"]);
    const url = `ws://127.0.0.1:${daemon.port}`;
    let [attempts, connected] = [0, 0];

    /** Connects and waits until the connection is lost, repeatedly. */
    async function client(stopped: () => boolean): Promise<void> {
      const device = createDevice();
      while (!stopped()) {
        attempts += 1;
        const result = await handshake({ url, token: "t", device, keepOpen: true, timeoutMs: 60_000 });
        if (!result.ok) {
          await tick(BACKOFF_MS);
          continue;
        }
        connected += 1;
        const { session } = result;
        while (session?.socket.readyState === 1 && !stopped()) await tick(50);
        await session?.close();
      }
    }
    // After a first round of all clients the process has its final size.
    const warmUpEnd = performance.now() + 3_000;
    await Promise.all(Array.from({ length: CLIENTS }, () => client(() => performance.now() > warmUpEnd)));
    await tick(2_000);
    const before = await daemon.usage();

    let over = false;
    const clients = Array.from({ length: CLIENTS }, () => client(() => over));
    for (let kills = 0; kills < KILLS; kills += 1) {
      await tick(LIFE_MS);
      const exited = once(gateway, "exit");
      gateway.kill("SIGKILL");
      await exited;
      gateway = await startGateway(program, port);
    }
    over = true;
    await Promise.all(clients);

    const result = await handshake({ url, token: "t", device: createDevice() });
    attempts += 1;
    expect(result).toMatchObject({ ok: true });
    await expect.poll(async () => total(await daemon.outcomes()), { timeout: 20_000 }).toBe(attempts);
    const counts = await daemon.outcomes();
    await daemon.expectNoLeak(before, `${KILLS} kills, ${attempts} upgrades, ${connected} connected`);
    process.stdout.write(`outcomes ${JSON.stringify(counts)}\n`);
    expect(total(await daemon.outcomes())).toBe(attempts);
  });
});

function tick(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
