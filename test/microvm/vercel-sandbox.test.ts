import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { bundleProgram } from "../../scripts/bundle.mjs";
import { nodeBinary } from "../../scripts/install-once.mjs";
import { openTopology, type Topology } from "../gateway/topology/topology.ts";
import { copyRootfs } from "../service/booted/rootfs.ts";
import { buildIn, probe, signalProcessOne, start, type Container, type Running } from "./containers.ts";

type Hook = (sandbox: FakeSandbox) => Promise<void>;
interface SandboxOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly onCreate: Hook;
  readonly onResume: Hook;
}
interface Command {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly detached?: boolean;
}

const HOME = "/vercel/sandbox";
const USER_ID = 1000;
const TOKEN = "token-of-the-sandbox";
/** A fake npm that installs a fake OpenClaw. */
const NPM = `#!/bin/sh
[ "$*" = "install --prefix ${HOME}/openclaw openclaw" ] || exit 1
mkdir -p ${HOME}/openclaw/node_modules/.bin
cd ${HOME}/openclaw/node_modules/.bin
echo '#!/bin/sh
echo started "$@"
TOKEN=$OPENCLAW_GATEWAY_TOKEN exec node /opt/test/gateway.mjs' >openclaw
chmod +x openclaw
`;

/** The SDK's sandbox, with a simulated container as its machine. */
class FakeSandbox {
  readonly processes: Running[] = [];
  deleted = false;
  readonly #container: Container;

  constructor(container: Container) {
    this.#container = container;
  }

  async writeFiles(files: readonly { path: string; content: Uint8Array }[]): Promise<void> {
    for (const { path, content } of files) writeFileSync(join(this.#container.root, path), content);
  }

  async runCommand({ cmd, args, detached }: Command): Promise<unknown> {
    if (detached) return this.processes.push(start(this.#container, [cmd, ...args]));
    return { exitCode: await probe(this.#container, [cmd, ...args]), stderr: async () => "" };
  }

  async delete(): Promise<void> {
    this.deleted = true;
  }

  /** Kills all processes; the files remain. */
  async stop(): Promise<void> {
    const running = this.processes.splice(0).filter(({ child }) => child.exitCode === null);
    const ended = running.map(({ child }) => once(child, "close"));
    for (const process of running) signalProcessOne(process, "SIGKILL");
    await Promise.all(ended);
  }
}

const sdk = vi.hoisted(() => ({ getOrCreate: vi.fn<(options: SandboxOptions) => Promise<unknown>>() }));
vi.mock("@vercel/sandbox", () => ({ Sandbox: sdk }));
const { openSandbox } = await import("../../microvm/vercel-sandbox.ts");

let folder: string;
let root: string;
let topology: Topology;
let container: Container;
let sandbox: FakeSandbox;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-shim-vercel-"));
  root = await copyRootfs(folder);
  const emptyDockerfile = {
    from: "",
    copies: [],
    runs: [],
    user: "",
    env: {},
    entrypoint: [],
    cmd: [],
    healthcheck: [],
  };
  await buildIn(root, await nodeBinary(24), folder, emptyDockerfile);
  mkdirSync(join(root, HOME), { recursive: true });
  chownSync(join(root, HOME), USER_ID, USER_ID);
  writeFileSync(join(root, "usr/local/bin/npm"), NPM);
  chmodSync(join(root, "usr/local/bin/npm"), 0o755);
  const program = join(import.meta.dirname, "../service/booted/inside/gateway.ts");
  await bundleProgram(program, join(root, "opt/test/gateway.mjs"), "1.2.3");
  topology = await openTopology();
  container = { root, namespace: await topology.network.namespace("sandbox"), user: "node", env: {} };
});
beforeEach(() => {
  sdk.getOrCreate.mockImplementation(async ({ env, onCreate }) => {
    sandbox = new FakeSandbox({ ...container, env });
    await onCreate(sandbox);
    return sandbox;
  });
});
afterAll(async () => {
  await sandbox?.stop();
  await topology?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Connects a client with forwarding headers; returns true if it is accepted. */
async function connects(): Promise<unknown> {
  const headers = { host: "sb.vercel.run", "x-forwarded-for": "203.0.113.7" };
  const url = "ws://127.0.0.1:18788";
  return (await topology.tools.connect(container.namespace, { url, token: TOKEN, headers })).ok;
}

/** Returns a line with the arguments for each start of the fake OpenClaw. */
function starts(): readonly string[] {
  const log = readFileSync(join(root, HOME, "gateway.log"), "utf8");
  return log.split("\n").filter((line) => line.startsWith("started"));
}

it("pre-pairs, starts gateway and shim once, and starts both again when resumed", async () => {
  await openSandbox("my-claw", TOKEN);
  expect(await connects()).toBe(true);
  const { deviceId } = JSON.parse(
    readFileSync(join(root, HOME, ".openclaw/identity/device.json"), "utf8"),
  ) as { deviceId: string };
  const paired = readFileSync(join(root, HOME, ".openclaw/devices/paired.json"), "utf8");
  expect(JSON.parse(paired)).toHaveProperty(deviceId);

  const options = sdk.getOrCreate.mock.lastCall?.[0];
  await options?.onResume(sandbox);
  expect(starts()).toEqual(["started gateway run --port 18789 --allow-unconfigured"]);

  await sandbox.stop();
  await options?.onResume(sandbox);
  expect(await connects()).toBe(true);
  expect(starts()).toHaveLength(2);
});

it("deletes a sandbox whose installation fails", async () => {
  await sandbox.stop();
  rmSync(join(root, "usr/local/bin/npm"));
  await expect(openSandbox("my-claw", TOKEN)).rejects.toThrow("npm install");
  expect(sandbox.deleted).toBe(true);
});
