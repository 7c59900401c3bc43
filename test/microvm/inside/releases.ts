// Runs in the machine: starts a fake gateway of each release on OpenClaw's default port, and connects new devices through
// a header-injecting proxy, once directly to the gateway and once to the shim. Finally kills the shim and connects again.
// Prints a line of JSON for each release, one with the shim's process before and after, and `{"done":true}`.
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { handshake, type HandshakeResult } from "../../support/client.ts";
import { createDevice } from "../../../src/openclaw/device.ts";
import { startInjectingProxy } from "../../support/header-injecting-proxy.ts";
import { FAKE_RELEASES } from "../../fake-gateway/behaviors.ts";
import { startFakeGateway } from "../../fake-gateway/server.ts";

const GATEWAY = { host: "127.0.0.1", port: 18_789 };
const SHIM = { host: "127.0.0.1", port: 18_788 };
const PUBLIC_HOST = "sandbox.example.com";
const TOKEN = "token-of-the-microvm";
/** An emulated processor is about thirty times slower. */
const TIMEOUT_MS = 60_000;
const CHECK_MS = 200;

for (const release of FAKE_RELEASES) {
  const gateway = await startFakeGateway({ release, token: TOKEN, port: GATEWAY.port });
  await untilHealthy();
  const without = await connectTo(GATEWAY);
  const through = await connectTo(SHIM);
  print({ release, without: summary(without), through: summary(through) });
  if (release === FAKE_RELEASES.at(-1)) await killShim();
  await gateway.close();
}
print({ done: true });

async function killShim(): Promise<void> {
  const before = shimProcess();
  process.kill(before.pid, "SIGKILL");
  await untilHealthy();
  const through = await connectTo(SHIM);
  print({ before, after: shimProcess(), through: summary(through) });
}

/** Returns the shim's process (proc_pid_status(5)). @throws Error if there is not exactly one */
function shimProcess(): { readonly pid: number; readonly uid: number; readonly noNewPrivileges: boolean } {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isShim(name));
  if (pids.length !== 1) throw new Error(`the shim's processes: ${pids.join(" ")}`);
  const status = readFileSync(`/proc/${pids[0]}/status`, "utf8");
  return {
    pid: Number(pids[0]),
    uid: Number(/^Uid:\t(\d+)/m.exec(status)?.[1]),
    noNewPrivileges: /^NoNewPrivs:\t1$/m.test(status),
  };
}

function isShim(pid: string): boolean {
  try {
    const [node = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return node.endsWith("/node") && args.some((arg) => arg.endsWith("/openclaw-shim.mjs"));
  } catch {
    return false;
  }
}

async function connectTo(target: { readonly host: string; readonly port: number }): Promise<HandshakeResult> {
  const proxy = await startInjectingProxy({ target, host: PUBLIC_HOST });
  const result = await handshake({
    url: proxy.url,
    token: TOKEN,
    device: createDevice(),
    timeoutMs: TIMEOUT_MS,
  });
  await proxy.close();
  return result;
}

/** Waits until the shim reaches the gateway. @throws Error after the deadline */
async function untilHealthy(): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while ((await health()) !== 200) {
    if (performance.now() > deadline) throw new Error("the shim is not healthy");
    await sleep(CHECK_MS);
  }
}

async function health(): Promise<number | undefined> {
  const request = get({ ...SHIM, path: "/__shim__/health", agent: false, timeout: TIMEOUT_MS });
  request.on("timeout", () => request.destroy());
  try {
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  } catch {
    return undefined;
  }
}

function summary(result: HandshakeResult): unknown {
  if (result.ok) return { ok: true };
  const { close, http, failure } = result;
  return { ok: false, close, http: http?.status, failure };
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
