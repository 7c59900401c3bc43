import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished } from "vitest";
import { freePort } from "../support/raw.ts";

const BUNDLE = join(import.meta.dirname, "..", "..", "dist", "openclaw-shim.mjs");
const PROBE = join(import.meta.dirname, "inside", "probe.mjs");
/** Time for probes of the gateway and keep-alive connections to end. */
const SETTLE_MS = 30_000;
const RSS_FACTOR = 1.1;
/** The timer of Node that caches the Date field for a second. */
const NODE_TIMERS = 1;

/** The resources of the shim's process. */
export interface ResourceUsage {
  readonly fds: number;
  /** Active timers, including those with `unref()`. */
  readonly timers: number;
  /** Live event emitters: sockets, requests, responses, servers. */
  readonly emitters: number;
  /** Event listeners of the process and of all open handles. */
  readonly listeners: number;
  readonly resources: Readonly<Record<string, number>>;
  /** After a garbage collection. */
  readonly rssMiB: number;
}

/** A running bundle with the probe of `inside/probe.mjs`. */
export interface Daemon {
  readonly port: number;
  readonly pid: number;
  readonly child: ChildProcess;
  /** Blocks the event loop for `stallMs`, then measures the resources. */
  usage(stallMs?: number): Promise<ResourceUsage>;
  /** Returns the numbers of outcomes, by name. */
  outcomes(): Promise<Record<string, number>>;
  /** Waits until the usage is at most `before`; prints both. */
  expectNoLeak(before: ResourceUsage, what: string): Promise<ResourceUsage>;
}

/** Starts `dist/openclaw-shim.mjs run`; kills it after the test. `stdout` may be a descriptor, or a pipe without a reader. */
export async function startDaemon(
  gatewayPort: number,
  args: readonly string[] = [],
  { stdout = "ignore", shell }: { stdout?: "pipe" | "ignore" | number; shell?: string } = {},
): Promise<Daemon> {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing: run "npm run build" first`);
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "shim-hard-"));
  // For the probe: counting objects is an experimental feature of Node.
  const noWarning = "--disable-warning=ExperimentalWarning";
  const node = [noWarning, "--expose-gc", "--import", PROBE, BUNDLE, "run"];
  const addresses = ["--listen", `127.0.0.1:${port}`, "--gateway", `ws://127.0.0.1:${gatewayPort}`];
  const command = [process.execPath, ...node, ...addresses, "--drain", "0", ...args];
  const [file = "", ...rest] = shell === undefined ? command : ["/bin/sh", "-c", shell, "sh", ...command];
  const stdio: StdioOptions = ["ignore", stdout, "pipe", "ipc"];
  const child = spawn(file, rest, { cwd: home, env: { HOME: home, PATH: "/usr/bin:/bin" }, stdio });
  const stderr: string[] = [];
  if (child.stderr) createInterface({ input: child.stderr }).on("line", (line) => stderr.push(line));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(home, { recursive: true });
    // Node prints warnings (too many listeners) and unhandled errors here.
    expect(stderr).toEqual([]);
  });
  const daemon: Daemon = {
    port,
    pid: child.pid ?? 0,
    child,
    async usage(stallMs = 0) {
      child.send({ stallMs });
      const [measured] = (await once(child, "message")) as [Omit<ResourceUsage, "fds">];
      return { ...measured, fds: readdirSync(`/proc/${child.pid}/fd`).length };
    },
    async outcomes() {
      const response = await fetch(`http://127.0.0.1:${port}/__shim__/metrics`, {
        headers: { Connection: "close" },
      });
      const counts: Record<string, number> = {};
      for (const [, name = "", count] of (await response.text()).matchAll(
        /outcomes_total\{outcome="([\w-]+)".*\} ([1-9]\d*)$/gm,
      )) {
        counts[name] = (counts[name] ?? 0) + Number(count);
      }
      return counts;
    },
    async expectNoLeak(before, what) {
      const end = performance.now() + SETTLE_MS;
      let now = await daemon.usage();
      const limit = before.rssMiB * RSS_FACTOR;
      const isSettled = (): boolean =>
        now.fds <= before.fds &&
        now.timers <= before.timers + NODE_TIMERS &&
        now.emitters <= before.emitters &&
        now.listeners <= before.listeners &&
        (now.resources["TCPSocketWrap"] ?? 0) <= (before.resources["TCPSocketWrap"] ?? 0);
      while (!(isSettled() && now.rssMiB <= limit) && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        now = await daemon.usage();
      }
      process.stdout.write(`${what}: before ${JSON.stringify(before)}, after ${JSON.stringify(now)}\n`);
      expect({ now, settled: isSettled() }).toMatchObject({ settled: true });
      expect(now.rssMiB).toBeLessThanOrEqual(limit);
      return now;
    },
  };
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${port}/__shim__/health`).then(
          () => true,
          () => false,
        ),
      {
        timeout: 20_000,
      },
    )
    .toBe(true);
  return daemon;
}

/** Returns the sum of the counts. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
