import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startGateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import type { OpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { BUNDLE, startShimProcess } from "./shim-process.ts";

const PROBES = 10;

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
});
