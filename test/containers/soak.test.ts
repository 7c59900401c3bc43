import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { bundleProgram } from "../../scripts/bundle.mjs";
import { Child } from "../gateway/child.ts";
import { ENV, podman, ROOT } from "../release/release.ts";
import { execute, follow, makeNetwork, TOKEN } from "./engine.ts";
import { BASE } from "./images.ts";
import type { ClientReport, ClientsOptions } from "./inside/clients.ts";
import { GATEWAY, playPod, POD, SHIM } from "./pod.ts";

const MINUTES = Number(process.env["SOAK_MINUTES"] ?? "2");
const RUN_MS = MINUTES * 60_000;
/** In an hour the gateway is restarted every five minutes, the shim every ten; in less time, as often or every 25 s. */
const GATEWAY_EVERY_MS = Math.max(RUN_MS / 12, 25_000);
const SHIM_EVERY_MS = 2 * GATEWAY_EVERY_MS;
/** None begins later. */
const LAST_RESTART_MS = RUN_MS - 20_000;
const CLIENTS = 10;
const NETWORK = "openclaw-shim-soak";
const PODS = "10.245.0.0/16";
/** A client notices within this time that its connection was lost, on a busy machine. */
const NOTICE_MS = 10_000;
/** A gateway's start on a busy machine takes minutes. */
const START_MS = 600_000;
/** How much more memory the shim may have in the last sixth than in the first. A new process grows for minutes. */
const RSS_FACTOR = MINUTES < 60 ? 1.5 : 1.1;

interface Restart {
  readonly what: "gateway" | "shim";
  readonly from: number;
  readonly to: number;
}
type Attempt = Extract<ClientReport, { about: "attempt" }>;
type Connection = Extract<ClientReport, { about: "connection" }>;

// No retry: what fails once in an hour is what this looks for.
it(
  `${CLIENTS} clients in the pod for ${MINUTES} minutes of restarts`,
  { timeout: RUN_MS + 2 * START_MS, retry: 0 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-soak-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const program = join(ROOT, "test/containers/inside/clients.ts");
    await bundleProgram(program, join(folder, "clients.mjs"), "1.2.3");
    await execute(["chmod", "-R", "a+rX", folder]);
    onTestFinished(await makeNetwork(NETWORK, PODS));
    onTestFinished(await playPod(["kubernetes.yaml"], NETWORK), START_MS);
    await follow(SHIM).event("gateway.up");

    const started = Date.now();
    const attempts: Attempt[] = [];
    const connections: Connection[] = [];
    const clients = startClients(folder, { clients: CLIENTS, token: TOKEN, end: started + RUN_MS }, (one) => {
      if (one.about === "attempt") attempts.push(one);
      else connections.push(one);
    });
    const connected = (after: number): Promise<true> =>
      clients.until("client that connects", START_MS, () =>
        attempts.some(({ reached, at }) => reached === "connected" && at > after) ? true : undefined,
      );
    const restarts: Restart[] = [];
    const restarting = async (what: Restart["what"], everyMs: number, restart: () => Promise<void>) => {
      // Not both at the same time.
      let next = started + everyMs * (what === "gateway" ? 0.5 : 0.9);
      while (next < started + LAST_RESTART_MS) {
        await wait(Math.max(0, next - Date.now()));
        const from = Date.now();
        await restart();
        const to = Date.now();
        restarts.push({ what, from, to });
        await connected(to);
        // On a busy machine a gateway needs a minute to start.
        next = Math.max(next + everyMs, Date.now() + everyMs / 2);
      }
    };
    const restartGateway = async (): Promise<void> => {
      // In turn as Kubernetes does, and as a crash.
      const grace = restarts.filter(({ what }) => what === "gateway").length % 2 === 0 ? 30 : 0;
      await podman("restart", `--time=${grace}`, GATEWAY);
    };
    let pid = await pidOf(SHIM);
    const restartShim = async (): Promise<void> => {
      await podman("restart", "--time=30", SHIM);
      // Not `podman healthcheck run`: after failures, that restarts the container.
      const alive = () => execute(["podman", "exec", SHIM, "node", "/opt/health.mjs", "alive"]);
      await expect.poll(alive, { timeout: START_MS }).toMatchObject({ code: 0 });
      pid = await pidOf(SHIM);
    };
    const rss: { readonly at: number; readonly mib: number }[] = [];
    const measuring = async (): Promise<void> => {
      for (let second = 0; Date.now() < started + RUN_MS; second += 1) {
        const mib = rssMiB(pid);
        if (mib > 0) rss.push({ at: Date.now() - started, mib });
        const { length } = connections.filter(({ lost }) => lost);
        if (second % 60 === 0) note({ minute: second / 60, attempts: attempts.length, lost: length, mib });
        await wait(1_000);
      }
    };
    await Promise.all([
      restarting("gateway", GATEWAY_EVERY_MS, restartGateway),
      restarting("shim", SHIM_EVERY_MS, restartShim),
      measuring(),
    ]);
    expect(await clients.exited(START_MS)).toMatchObject({ code: 0 });

    const ofShim = restarts.filter(({ what }) => what === "shim");
    const outcomes = await outcomesOf(SHIM);
    const has = (one: Attempt): boolean => outcomes.has(one.traceId);
    const most = (from: number, to: number): number =>
      Math.max(...rss.filter(({ at }) => at >= from && at <= to).map(({ mib }) => mib));
    const [first, last] = [most(0, RUN_MS / 6), most(RUN_MS - RUN_MS / 6, RUN_MS)];
    const lost = connections.filter((one) => one.lost);
    note({
      minutes: MINUTES,
      restarts: { gateway: restarts.length - ofShim.length, shim: ofShim.length },
      attempts: countBy(attempts, ({ reached }) => reached),
      outcomes: countBy([...outcomes.values()], (names) => names.join(" and ")),
      connections: connections.length,
      lost: lost.length,
      requests: connections.reduce((sum, { requests }) => sum + requests, 0),
      failedRequests: countBy(
        connections.flatMap(({ failures }) => failures),
        (message) => message,
      ),
      rssMiB: { first, last },
    });

    expect(restarts.length - ofShim.length).toBeGreaterThan(0);
    expect(ofShim.length).toBeGreaterThan(0);
    // One outcome for each request that the shim read, and for nothing else.
    expect([...outcomes.values()].filter((names) => names.length > 1)).toEqual([]);
    expect([...outcomes.keys()].filter((id) => attempts.every(({ traceId }) => id !== traceId))).toEqual([]);
    const answered = attempts.filter(({ reached }) => reached === "read" || reached === "connected");
    expect(answered.filter((one) => !has(one))).toEqual([]);
    const unread = attempts.filter((one) => !answered.includes(one) && !has(one));
    expect(unread.filter(({ at }) => !ofShim.some((one) => isDuring(one, at)))).toEqual([]);
    expect(attempts.filter((one) => one.reached === "no listener" && has(one))).toEqual([]);
    const names = (one: Attempt) => outcomes.get(one.traceId);
    const good = attempts.filter(({ reached }) => reached === "connected");
    expect(good.filter((one) => names(one)?.[0] !== "connected")).toEqual([]);
    // Each restart explains one lost connection of a client.
    expect({ unexplained: unexplained(lost, restarts), restarts }).toEqual({ unexplained: [], restarts });
    expect(last).toBeLessThanOrEqual(first * RSS_FACTOR);
  },
);

/** Starts the clients in a third container of the pod, which use the shim's default address. */
function startClients(
  folder: string,
  options: Omit<ClientsOptions, "url">,
  onReport: (report: ClientReport) => void,
): Child {
  const value: ClientsOptions = { ...options, url: "ws://127.0.0.1:18788" };
  const container = ["--rm", `--pod=${POD}`, `--volume=${folder}:/test:ro`];
  const env = `--env=CLIENTS=${JSON.stringify(value)}`;
  const command = ["podman", "run", ...container, env, BASE, "node", "/test/clients.mjs"] as const;
  const spec = { name: "clients", command, env: ENV, cwd: ROOT };
  const child = new Child(spec, (line) => onReport(JSON.parse(line) as ClientReport));
  onTestFinished(() => child.kill());
  return child;
}

/** Returns the outcomes in a container's log, of all its starts, by the trace ID of their request. */
async function outcomesOf(container: string): Promise<Map<string, string[]>> {
  const outcomes = new Map<string, string[]>();
  for (const line of (await podman("logs", container)).split("\n")) {
    if (!line.includes('"event":"pairing.outcome"')) continue;
    const { traceId = "", outcome } = JSON.parse(line) as { traceId?: string; outcome: string };
    outcomes.set(traceId, [...(outcomes.get(traceId) ?? []), outcome]);
  }
  return outcomes;
}

async function pidOf(container: string): Promise<number> {
  return Number(await podman("inspect", "--format={{.State.Pid}}", container));
}

/** Returns a process's VmRSS in MiB; 0 if it has ended. */
function rssMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function isDuring({ from, to }: Restart, at: number): boolean {
  return at >= from && at <= to + NOTICE_MS;
}

/** Returns the lost connections that no restart explains, if each explains one of a client. */
function unexplained(lost: readonly Connection[], restarts: readonly Restart[]): Connection[] {
  const unused = new Map<number, Restart[]>();
  return lost.filter(({ client, at }) => {
    const left = unused.get(client) ?? restarts.toSorted((one, other) => one.to - other.to);
    const reason = left.findIndex((one) => isDuring(one, at));
    unused.set(client, left);
    if (reason >= 0) left.splice(reason, 1);
    return reason < 0;
  });
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of items.map(nameOf)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Prints progress and figures. */
function note(figures: object): void {
  process.stdout.write(`soak: ${JSON.stringify(figures)}\n`);
}
