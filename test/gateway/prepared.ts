import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { INSTALLS, installOnce } from "../../scripts/install-once.mjs";
import { isRecord } from "../../src/json.ts";
import { deviceFromPem } from "../../src/pairing/device.ts";
import type { Device } from "../../src/pairing/device.ts";
import { Child } from "./child.ts";
import { randomToken } from "./gateway.ts";
import { createHome } from "./home.ts";
import type { Home } from "./home.ts";
import type { OpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";

/** A gateway whose first start was on a state directory that `openclaw-shim prepair` had prepared. */
export interface PreparedGateway {
  readonly home: Home;
  readonly port: number;
  readonly url: string;
  readonly token: string;
  /** The identity that prepair wrote. */
  readonly device: Device;
  readonly log: readonly string[];
  close(): Promise<void>;
}

const BUNDLE = join(import.meta.dirname, "..", "..", "dist", "openclaw-shim.mjs");
const PREPAIR_MS = 10_000;
const READY_MS = 120_000;
const READY = /\[gateway\] (?:ready\b|listening on ws:)/;

/** What a run of `openclaw-shim prepair` printed, and its exit code. */
export interface PrepairRun {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the bundle's `prepair` in a home. */
export async function runPrepair(home: Home, args: readonly string[] = []): Promise<PrepairRun> {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing: run "npm run build" first`);
  const child = new Child({
    name: "openclaw-shim prepair",
    command: [process.execPath, BUNDLE, "prepair", ...args],
    env: home.env,
    cwd: home.path,
  });
  const { code } = await child.exited(PREPAIR_MS);
  return { code, output: child.lines.join("\n") };
}

/**
 * Prepares a fresh home, then starts a gateway there for the first time.
 * @param config merged into `openclaw.json`'s `gateway`
 */
export async function startPreparedGateway(
  openclaw: OpenClaw,
  prepairArgs: readonly string[],
  config: Readonly<Record<string, unknown>>,
): Promise<PreparedGateway> {
  const home = await createHome();
  const port = await freePort();
  const token = randomToken();
  const stateDir = join(home.path, ".openclaw");
  mkdirSync(stateDir);
  const gateway = { mode: "local", bind: "loopback", port, auth: { mode: "token", token }, ...config };
  const whole = { gateway, discovery: { mdns: { mode: "off" } }, ...openclaw.release.config };
  writeFileSync(join(stateDir, "openclaw.json"), JSON.stringify(whole), { mode: 0o600 });
  const { code, output } = await runPrepair(home, prepairArgs);
  if (code !== 0) throw new Error(`prepair ended with ${code ?? "a signal"}: ${output}`);
  const device = readDevice(join(stateDir, "identity", "device.json"));
  const child = new Child({
    name: `openclaw ${openclaw.version} gateway on port ${port}`,
    command: [openclaw.node, openclaw.entry, "gateway", "run", "--port", String(port)],
    env: { ...home.env, ...(await nativeMoves(openclaw)) },
    cwd: home.path,
  });
  const close = async (): Promise<void> => {
    await child.kill();
    await home.remove();
  };
  try {
    await child.until("being ready", READY_MS, () => child.lines.find((line) => READY.test(line)));
  } catch (error) {
    await close();
    throw error;
  }
  return { home, port, url: `ws://127.0.0.1:${port}`, token, device, log: child.lines, close };
}

/**
 * 2026.9 moves the identity into its SQLite store with renameat2(2), by a native package that npm leaves out when it
 * runs on a Node older than 22, as it may have for this install. Without it a gateway that finds an identity to take
 * over does not start. A user's npm runs on the Node that OpenClaw needs, and installs it.
 */
async function nativeMoves({ entry }: OpenClaw): Promise<NodeJS.ProcessEnv> {
  const path = join(dirname(entry), "..", "@openclaw", "fs-safe", "package.json");
  if (!existsSync(path)) return {};
  const name = `@openclaw/fs-safe-linux-${process.arch}-gnu`;
  const version = readFields(path)["version"];
  if (typeof version !== "string") throw new Error(`${path} has no version`);
  const folder = join(INSTALLS, `fs-safe-${version}`);
  await installOnce(folder, { what: `${name} ${version}`, manifest: { dependencies: { [name]: version } } });
  return { NODE_PATH: join(folder, "node_modules") };
}

function readFields(path: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!isRecord(value)) throw new Error(`${path} is not a JSON object`);
  return value;
}

function readDevice(path: string): Device {
  const pem = readFields(path)["privateKeyPem"];
  if (typeof pem !== "string") throw new Error(`${path} holds no private key`);
  return deviceFromPem(pem);
}
