import { once } from "node:events";
import { dirname } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { TOKEN } from "../support/gateways.ts";
import { installedShim, startShim } from "./shim.ts";
import { NODE_EXE, startOnWindows, windowsPath, type WindowsOptions } from "./wine.ts";

/** A shim with an upgraded connection. */
async function connected(args: readonly string[], options?: WindowsOptions) {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
  onTestFinished(() => gateway.close());
  const shim = await startShim(`ws://127.0.0.1:${gateway.port}`, args, options);
  const client = new WebSocket(`ws://127.0.0.1:${shim.port}`);
  await once(client, "open");
  return { shim, client };
}

describe("a shim in a console drains and exits with 0", () => {
  it("at Ctrl-C", async () => {
    const { shim, client } = await connected(["--drain", "1s"], { console: true });
    shim.type("\u0003");
    await once(client, "close");
    expect(await shim.exit).toBe(0);
    expect(await shim.line(/"event":"draining"/)).toContain('"open":1');
    expect(await shim.line(/"event":"stopped"/)).toContain("stopped");
    expect(shim.stderr()).toEqual([]);
  });

  it("at Ctrl-C, and exec leaves it to its command", async () => {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
    onTestFinished(() => gateway.close());
    const waits =
      "process.on('SIGINT', () => process.exit(5)); setInterval(() => {}, 1000); console.log('ready')";
    const args = ["exec", "--gateway", `ws://127.0.0.1:${gateway.port}`, "--", "node", "-e", waits];
    const env = { PATH: windowsPath(dirname(NODE_EXE)), OPENCLAW_GATEWAY_TOKEN: TOKEN };
    const exec = startOnWindows([installedShim(), ...args], { console: true, env });
    await exec.line(/^ready$/);
    exec.type("\u0003");
    expect(await exec.exit).toBe(5);
  });

  it.each(["Ctrl-Break", "close"] as const)("at %s, once its connections have ended", async (event) => {
    const { shim, client } = await connected(["--drain", "1m"]);
    shim.consoleEvent(event);
    expect(await shim.line(/"event":"draining"/)).toContain('"open":1');
    const pong = once(client, "pong");
    client.ping();
    await pong;
    client.close();
    expect(await shim.exit).toBe(0);
    expect(await shim.line(/"event":"stopped"/)).toContain("stopped");
  });

  it("before Windows ends it, when its console is closed while a connection stays open", async () => {
    const { shim, client } = await connected([]);
    shim.consoleEvent("close");
    await once(client, "close");
    expect(await shim.exit).toBe(0);
    // Of the 5 s that Windows waits, and of the same drain time.
    expect(await shim.line(/"event":"draining"/)).toContain('"ms":4000');
    expect(await shim.line(/"event":"stopped"/)).toContain("stopped");
  });
});
