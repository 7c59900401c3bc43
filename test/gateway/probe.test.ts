import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startGateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import type { OpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { chosenVersions } from "./releases.ts";
import { BUNDLE, startShimProcess } from "./shim-process.ts";

const PROBES = 10;
/** A gateway on a busy machine. */
const BOOT_MS = 110_000;
/** The default deadline of a probe in Kubernetes. */
const LIVENESS_MS = 1_000;

describe.each(chosenVersions())("openclaw %s", (version) => {
  let openclaw: OpenClaw;
  beforeAll(async () => {
    openclaw = await installOpenClaw(version);
  });

  it("is recognized as a gateway, also without its Control UI, and logs nothing about it; its end is noticed while idle", async () => {
    const gateway = await startGateway(openclaw, { config: { controlUi: { enabled: false } } });
    onTestFinished(() => gateway.close());
    const shim = await startShimProcess(gateway.url);
    onTestFinished(() => shim.close());
    await shim.event("gateway.up");
    for (let i = 0; i < PROBES; i += 1) {
      const response = await fetch(`http://127.0.0.1:${shim.port}/__shim__/health`);
      expect(response.status).toBe(200);
    }
    // Its line comes after any of the probes.
    const socket = new WebSocket(gateway.url);
    await once(socket, "message");
    socket.close();
    const logged = (text: RegExp): readonly string[] => gateway.log.filter((line) => text.test(line));
    await expect.poll(() => logged(/closed before connect/)).toHaveLength(1);
    expect(logged(/openclaw-shim|\/health|\/tools\/invoke/)).toEqual([]);
    expect(shim.log.filter((line) => line.includes("gateway.down"))).toEqual([]);

    // A shim that is to listen there names it, and offers no command to end it.
    const { host } = new URL(gateway.url);
    const args = [BUNDLE, "run", "--listen", host, "--gateway", "ws://127.0.0.1:9"];
    const { stderr } = await promisify(execFile)(process.execPath, args, { env: {} }).catch(
      (error: unknown) => error as { readonly stderr: string },
    );
    expect(stderr).toMatch(
      /is in use by OpenClaw's gateway itself, .*openclaw.* \(pid \d+\); [^:]+: choose another --listen$/m,
    );

    await gateway.kill();
    // Without a request: the shim looks every 15 s.
    expect(await shim.event("gateway.down")).toMatchObject({ state: "down", reason: "ECONNREFUSED" });
  });

  it("makes no liveness probe fail while it boots; the readiness probe succeeds when it is up", async () => {
    const port = await freePort();
    const shim = await startShimProcess(`ws://127.0.0.1:${port}`, ["--metrics-listen", "0"]);
    onTestFinished(() => shim.close());
    const { metrics } = (await shim.event("listening")) as { readonly metrics?: string };
    const seen = new Set<string>();
    let slowest = 0;
    const probe = async (): Promise<number> => {
      const start = performance.now();
      const alive = await fetch(`http://${metrics}/health`);
      slowest = Math.max(slowest, performance.now() - start);
      const ready = await fetch(`http://${metrics}/health?gateway`);
      seen.add(`${alive.status} ${ready.status}`);
      return ready.status;
    };
    expect(await probe()).toBe(503);
    const booting = startGateway(openclaw, { port });
    await expect.poll(probe, { timeout: BOOT_MS, interval: 100 }).toBe(200);
    const gateway = await booting;
    onTestFinished(() => gateway.close());
    expect([...seen]).toEqual(["200 503", "200 200"]);
    expect(slowest).toBeLessThan(LIVENESS_MS);
  });
});
