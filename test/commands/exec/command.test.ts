import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../../src/openclaw/device.ts";
import { startFakeGateway, type FakeGateway } from "../../fake-gateway/server.ts";
import { handshake } from "../../support/client.ts";
import { startRawServer } from "../../support/raw.ts";
import { bundle, type Bundle } from "../bundle.ts";
import { refusesConnections, startExec, type Run } from "./exec-process.ts";

const TOKEN = "the-gateways-token";
/** Prints what OpenClaw's tools read, and ends when its stdin does. */
const TOOL = `
  const { OPENCLAW_GATEWAY_PORT: port, OPENCLAW_GATEWAY_URL: url, OPENCLAW_GATEWAY_TOKEN: token } = process.env;
  console.log(JSON.stringify({ port, url, token }));
  process.stdin.resume();
`;

let program: Bundle;
let gateway: FakeGateway;
beforeAll(async () => {
  program = await bundle();
  mkdirSync(join(program.folder, ".openclaw"));
});
afterAll(() => program.remove());
beforeEach(async () => {
  gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
  configure({ auth: { token: TOKEN } });
});
afterEach(() => gateway.close());

/** Writes the `gateway` of openclaw.json. */
function configure(config: object): void {
  const text = JSON.stringify({ gateway: { port: gateway.port, ...config } });
  writeFileSync(join(program.folder, ".openclaw", "openclaw.json"), text, { mode: 0o600 });
}

const node = (code: string): string[] => ["--", process.execPath, "-e", code];

/** Runs the tool until its stdin ends; `use` gets what it reads from its environment. */
async function withTool(
  use: (tool: { port?: string; url?: string; token?: string }) => Promise<unknown>,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const run = startExec(program, [...args, ...node(TOOL)], env);
  await expect.poll(run.stdout).toContain("\n");
  await use(JSON.parse(run.stdout()) as object);
  run.child.stdin?.end();
  await run.exit;
  return run;
}

describe("exec", () => {
  it("does not listen where a service with the same environment does", async () => {
    const service = await startRawServer();
    onTestFinished(() => service.close());
    const metrics = await startRawServer();
    onTestFinished(() => metrics.close());
    const env = { OPENCLAW_SHIM_LISTEN: `${service.port}`, OPENCLAW_SHIM_METRICS_LISTEN: `${metrics.port}` };
    const run = startExec(program, node("process.exit(7)"), env);
    expect([await run.exit, run.stderr()]).toEqual([7, ""]);
  });

  it("passes the standard streams and the exit code on, and prints nothing itself", async () => {
    const run = startExec(program, [
      "--",
      "sh",
      "-c",
      'read line; echo "got $line"; echo "problem" >&2; exit 7',
    ]);
    run.child.stdin?.end("a word\n");
    expect(await run.exit).toBe(7);
    expect(run.stdout()).toBe("got a word\n");
    expect(run.stderr()).toBe("problem\n");
  });

  it("passes arguments on, --help and a second -- too", async () => {
    const run = startExec(program, ["--", "printf", "%s|", "--help", "--", "--version", "a b"]);
    expect(await run.exit).toBe(0);
    expect(run.stdout()).toBe("--help|--|--version|a b|");
  });

  it("sets the port alone if the tools find the token in openclaw.json, and ends with the command", async () => {
    let port: string | undefined;
    const run = await withTool(
      async (tool) => {
        expect(tool).toEqual({ port: expect.stringMatching(/^\d+$/) });
        ({ port } = tool);
        const url = `ws://127.0.0.1:${port}`;
        const result = await handshake({ url, token: TOKEN, device: createDevice() });
        expect(result).toMatchObject({ ok: true });
      },
      [],
      { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" },
    );
    expect(await run.exit).toBe(0);
    expect(run.stderr()).toBe("");
    expect(await refusesConnections(port)).toBe(true);
  });

  it("sets URL, port and token if the tools do not find it", async () => {
    configure({});
    const file = join(program.folder, "token");
    writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 });
    const run = await withTool(
      async ({ port, ...tool }) => expect(tool).toEqual({ url: `ws://127.0.0.1:${port}`, token: TOKEN }),
      ["--token-file", file],
    );
    expect(run.stderr()).toBe("");
  });

  it("says so if it finds no token", async () => {
    configure({});
    const run = await withTool(async (tool) => expect(Object.keys(tool)).toEqual(["port", "url"]));
    expect(run.stderr()).toMatch(
      /^openclaw-shim: note: tools here find no gateway\.auth\.token in .*; give --token-file/,
    );
    expect(await run.exit).toBe(0);
  });

  it("waits for a gateway that is not up yet", async () => {
    const { port } = gateway;
    await gateway.close();
    const run = startExec(program, ["--", "echo", "ran"]);
    await expect.poll(run.stderr).toContain(`waiting 10 s for the gateway at ws://127.0.0.1:${port}`);
    gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN, port });
    expect(await run.exit).toBe(0);
    expect(run.stdout()).toBe("ran\n");
  });

  it("prints outcome and fix of a refused connection, below the command's own output", async () => {
    const run = await withTool(({ port }) =>
      handshake({ url: `ws://127.0.0.1:${port}`, token: "wrong", device: createDevice() }),
    );
    expect(run.stdout().split("\n")).toHaveLength(2);
    expect(run.stderr()).toMatch(/^\d\d:\d\d:\d\d {2}unauthorized .*AUTH_TOKEN_MISMATCH.*\n {10}fix: .*\n$/s);
    expect(run.stderr()).not.toContain("wrong");
  });

  it("prints nothing about a client that connected later", async () => {
    const device = createDevice();
    const run = await withTool(async ({ port }) => {
      const url = `ws://127.0.0.1:${port}`;
      expect(await handshake({ url, token: "wrong", device })).toMatchObject({ ok: false });
      expect(await handshake({ url, token: TOKEN, device })).toMatchObject({ ok: true });
    });
    expect(run.stderr()).toBe("");
  });

  it("logs to stderr with --log-level, and listens where --listen says", async () => {
    const args = ["--log-level", "info", "--listen", "127.0.0.2:0"];
    const run = await withTool(async ({ url }) => expect(url).toMatch(/^ws:\/\/127\.0\.0\.2:\d+$/), args);
    const events = run.stderr().matchAll(/"event":"([^"]+)"/g);
    expect([...events].map(([, name]) => name)).toEqual(["listening", "gateway.up", "draining", "stopped"]);
  });

  it("lets the command wait for a reader that is slow", async () => {
    const bytes = 1_000_000;
    const run = startExec(program, ["--", "sh", "-c", `echo ready >&2; exec head -c ${bytes} /dev/zero`]);
    run.child.stdout?.pause();
    await expect.poll(run.stderr).toBe("ready\n");
    run.child.stdout?.resume();
    expect(await run.exit).toBe(0);
    expect(run.stdout()).toHaveLength(bytes);
  });
});
