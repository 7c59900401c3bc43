import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished } from "vitest";
import { freePort } from "../commands/bundle.ts";

const BUNDLE = join(import.meta.dirname, "..", "..", "dist", "openclaw-shim.mjs");
const PROBE = join(import.meta.dirname, "inside", "probe.mjs");
/** A probe and its keep-alive connection come and go. */
const SETTLE_MS = 30_000;
const RSS_FACTOR = 1.1;
/** Node's own, which caches the Date field until the second is over. */
const OWN_TIMERS = 1;

/** What the shim's process holds. */
export interface Held {
  readonly fds: number;
  /** Timers that run, those without a hold on the process too. */
  readonly timers: number;
  /** Event emitters that live: sockets, requests, responses, servers. */
  readonly emitters: number;
  /** Listeners of the process and of all handles that are open. */
  readonly listeners: number;
  readonly resources: Readonly<Record<string, number>>;
  /** After a collection. */
  readonly rssMiB: number;
}

/** The bundle, running, with a probe inside. */
export interface Daemon {
  readonly port: number;
  readonly pid: number;
  readonly child: ChildProcess;
  held(stallMs?: number): Promise<Held>;
  /** How many outcomes it has counted, by outcome. */
  outcomes(): Promise<Record<string, number>>;
  /** Waits until it holds what it held before, and expects it to; prints both. */
  expectAsBefore(before: Held, what: string): Promise<Held>;
}

/** Starts `dist/openclaw-shim.mjs run`; it ends with the test. `stdout` may be a descriptor or a pipe nobody reads. */
export async function startDaemon(
  gatewayPort: number,
  args: readonly string[] = [],
  { stdout = "ignore", shell }: { stdout?: "pipe" | "ignore" | number; shell?: string } = {},
): Promise<Daemon> {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing: run "npm run build" first`);
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "shim-hard-"));
  // The probe's own: counting objects is an experimental feature of Node's.
  const quiet = "--disable-warning=ExperimentalWarning";
  const node = [quiet, "--expose-gc", "--import", PROBE, BUNDLE, "run"];
  const where = ["--listen", `127.0.0.1:${port}`, "--gateway", `ws://127.0.0.1:${gatewayPort}`];
  const command = [process.execPath, ...node, ...where, "--drain", "0", ...args];
  const [file = "", ...rest] = shell === undefined ? command : ["/bin/sh", "-c", shell, "sh", ...command];
  const stdio: StdioOptions = ["ignore", stdout, "pipe", "ipc"];
  const child = spawn(file, rest, { cwd: home, env: { HOME: home, PATH: "/usr/bin:/bin" }, stdio });
  const complaints: string[] = [];
  if (child.stderr) createInterface({ input: child.stderr }).on("line", (line) => complaints.push(line));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(home, { recursive: true });
    // A listener too many, an unhandled error: Node would have said so here.
    expect(complaints).toEqual([]);
  });
  const daemon: Daemon = {
    port,
    pid: child.pid ?? 0,
    child,
    async held(stallMs = 0) {
      child.send({ stallMs });
      const [answer] = (await once(child, "message")) as [Omit<Held, "fds">];
      return { ...answer, fds: readdirSync(`/proc/${child.pid}/fd`).length };
    },
    async outcomes() {
      const response = await fetch(`http://127.0.0.1:${port}/__shim__/metrics`, {
        headers: { Connection: "close" },
      });
      const counts: Record<string, number> = {};
      for (const [, name = "", count] of (await response.text()).matchAll(
        /outcomes_total\{outcome="([\w-]+)".*\} (\d+)$/gm,
      )) {
        counts[name] = (counts[name] ?? 0) + Number(count);
      }
      return counts;
    },
    async expectAsBefore(before, what) {
      const end = performance.now() + SETTLE_MS;
      let now = await daemon.held();
      const limit = before.rssMiB * RSS_FACTOR;
      const same = (): boolean =>
        now.fds <= before.fds &&
        now.timers <= before.timers + OWN_TIMERS &&
        now.emitters <= before.emitters &&
        now.listeners <= before.listeners &&
        (now.resources["TCPSocketWrap"] ?? 0) <= (before.resources["TCPSocketWrap"] ?? 0);
      while (!(same() && now.rssMiB <= limit) && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        now = await daemon.held();
      }
      process.stdout.write(`${what}: before ${JSON.stringify(before)}, after ${JSON.stringify(now)}\n`);
      expect({ now, same: same() }).toMatchObject({ same: true });
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

/** All of them together. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
