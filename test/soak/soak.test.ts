import { setTimeout as wait } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import type { GatewaySession } from "../../src/openclaw/gateway-session.ts";
import { startGateway } from "../gateway/gateway.ts";
import { createHome } from "../gateway/home.ts";
import { installOpenClaw } from "../gateway/openclaw.ts";
import { chosenVersions } from "../gateway/releases.ts";
import { handshake } from "../support/client.ts";
import { startSupervisedShim } from "./supervised-shim.ts";

const MINUTES = Number(process.env["SOAK_MINUTES"] ?? "60");
const RUN_MS = MINUTES * 60_000;
/** In an hour the gateway is restarted every five minutes, the shim every ten; in less time, as often or every 25 s. */
const GATEWAY_EVERY_MS = Math.max(RUN_MS / 12, 25_000);
const SHIM_EVERY_MS = 2 * GATEWAY_EVERY_MS;
const CLIENTS = 10;
/** A client closes its connection and connects again after this time. */
const STAY_MS = [10_000, 40_000] as const;
const BACKOFF_MS = 500;
const REQUEST_EVERY_MS = 1_000;
/** After a gateway has been killed, or a shim has stopped, a lost connection is seen within this time. */
const NOTICE_MS = 2_000;
const RSS_FACTOR = 1.1;
const SCOPES = ["operator.admin", "operator.read", "operator.write"];
const JOB = {
  schedule: { kind: "every", everyMs: 60_000 },
  sessionTarget: "main",
  wakeMode: "next-heartbeat",
  payload: { kind: "systemEvent", text: "soak" },
};

interface Restart {
  readonly what: "gateway" | "shim";
  readonly from: number;
  to: number;
}

it.each(chosenVersions())(
  `openclaw %s: ${CLIENTS} clients for ${MINUTES} minutes of restarts`,
  async (version) => {
    const gateway = await startGateway(await installOpenClaw(version));
    onTestFinished(() => gateway.close());
    const home = await createHome();
    onTestFinished(() => home.remove());
    const shim = await startSupervisedShim(gateway.url, home.path);
    onTestFinished(() => shim.close());
    const counts = { attempts: 0, connected: 0, requests: 0 };
    const lost: { readonly client: number; readonly at: number }[] = [];
    const restarts: Restart[] = [];
    const rss: { readonly at: number; readonly mib: number }[] = [];
    const started = performance.now();
    const isOver = (): boolean => performance.now() - started > RUN_MS;

    /** Sends a request each second, until the connection is lost or it is time to connect again. */
    const use = async (session: GatewaySession, client: number): Promise<void> => {
      const [least, most] = STAY_MS;
      const end = performance.now() + least + Math.random() * (most - least);
      while (performance.now() < end && !isOver()) {
        if (session.closeCode !== undefined) {
          lost.push({ client, at: performance.now() });
          return;
        }
        await session.request("cron.list").then(
          () => (counts.requests += 1),
          () => {},
        );
        await wait(REQUEST_EVERY_MS);
      }
      await session.close();
    };
    const client = async (number: number): Promise<void> => {
      const device = createDevice();
      let hasJob = false;
      let times = 0;
      // At the end every client has connected at least twice.
      while (!isOver() || times < 2) {
        counts.attempts += 1;
        const options = { url: shim.url, token: gateway.token, device, scopes: SCOPES, timeoutMs: 60_000 };
        const result = await handshake({ ...options, keepOpen: true });
        if (!result.ok || !result.session) {
          await wait(BACKOFF_MS);
          continue;
        }
        counts.connected += 1;
        times += 1;
        if (!hasJob) {
          const added = result.session.request("cron.add", { name: `job ${number}`, ...JOB });
          hasJob = await added.then(
            () => true,
            () => false,
          );
        }
        await use(result.session, number);
      }
    };
    const restarting = async (what: Restart["what"], everyMs: number, restart: () => Promise<void>) => {
      // Not both at the same time.
      let next = started + everyMs * (what === "gateway" ? 0.5 : 0.9);
      while (next < started + RUN_MS - 20_000) {
        await wait(Math.max(0, next - performance.now()));
        const one: Restart = { what, from: performance.now(), to: Infinity };
        restarts.push(one);
        await restart();
        one.to = performance.now();
        // On a busy machine a gateway needs a minute to start.
        next = Math.max(next + everyMs, performance.now() + everyMs / 2);
      }
    };
    const measuring = async (): Promise<void> => {
      while (!isOver()) {
        const mib = shim.rssMiB();
        if (mib > 0) rss.push({ at: performance.now() - started, mib });
        await wait(1_000);
      }
    };

    const killAndStart = async (): Promise<void> => {
      await gateway.kill();
      await gateway.restart();
    };
    await Promise.all([
      ...Array.from({ length: CLIENTS }, (_, number) => client(number)),
      restarting("gateway", GATEWAY_EVERY_MS, killAndStart),
      restarting("shim", SHIM_EVERY_MS, () => shim.restart()),
      measuring(),
    ]);

    const outcomes = (): number => Object.values(shim.outcomes).reduce((sum, count) => sum + count, 0);
    await expect.poll(outcomes).toBe(counts.attempts);
    // Each restart explains one lost connection of a client.
    const unexplained = Array.from({ length: CLIENTS }, (_, number) => {
      const unused = restarts.toSorted((one, other) => one.to - other.to);
      return lost.filter((one) => {
        const reason = unused.findIndex(
          ({ from, to }) => one.at >= from && one.at <= to + NOTICE_MS + REQUEST_EVERY_MS,
        );
        if (one.client === number && reason >= 0) unused.splice(reason, 1);
        return one.client === number && reason < 0;
      });
    }).flat();
    const most = (from: number, to: number): number =>
      Math.max(...rss.filter(({ at }) => at >= from && at <= to).map(({ mib }) => mib));
    const sixth = RUN_MS / 6;
    const [first, last] = [most(0, sixth), most(RUN_MS - sixth, RUN_MS)];
    const number = (what: Restart["what"]): number => restarts.filter((one) => one.what === what).length;
    const figures = {
      minutes: MINUTES,
      restarts: { gateway: number("gateway"), shim: number("shim") },
      ...counts,
      lost: lost.length,
      outcomes: shim.outcomes,
      rssMiB: { first, last },
    };
    process.stdout.write(`soak: ${JSON.stringify(figures)}\n`);

    expect(number("gateway") * number("shim")).toBeGreaterThan(0);
    expect({ unexplained, restarts }).toEqual({ unexplained: [], restarts });
    expect(last).toBeLessThanOrEqual(first * RSS_FACTOR);
  },
);
