import { BARE } from "../proxies/node-programs.ts";
import {
  clientOf,
  cpuDuring,
  interleave,
  withRoutes,
  type Bench,
  type Sample,
  type Route,
} from "../rounds.ts";
import type { Metric, Row } from "./row.ts";

const SIZES = { up: 200, down: 200 };
const UPGRADES = 500;
const PARALLEL = 8;
/** A rate that every program reaches: the same load for all. */
const PER_SECOND = 400;
/** So that compilers have done their work, as in a daemon that runs for days. */
const WARM_UP = 6_000;
/** Longer than any proxy retains the state of a closed connection. */
const SETTLE_MS = 500;

const METRICS: readonly Metric[] = [
  { key: "rate", label: "upgrades with handshake", unit: "1/s", digits: 0, better: "higher" },
  {
    key: "cpu",
    label: "CPU per upgrade with handshake",
    unit: "us",
    digits: 0,
    better: "lower",
    references: [BARE],
    goal: 1.5,
  },
  {
    key: "paced",
    label: `  at ${PER_SECOND} per second`,
    unit: "us",
    digits: 0,
    better: "lower",
    references: [BARE],
  },
];

/** Connect, upgrade, challenge, connect request, hello-ok, close; eight at once. */
export const upgrade: Row = {
  name: "upgrade",
  about: "upgrades per second and their CPU, with OpenClaw's handshake",
  async run(bench) {
    const samples = await withRoutes(bench, async (routes) => {
      await warmUp(bench, routes);
      return interleave(routes, bench.rounds, (route) => measureUpgrades(bench, route, true));
    });
    return { row: "upgrade", metrics: METRICS, samples };
  },
};

/** Opens and closes connections through each proxy before the first round. */
export async function warmUp({ driver }: Bench, routes: readonly Route[]): Promise<void> {
  for (const route of routes)
    if (route.proxy) await driver.upgrades(clientOf(route, SIZES), WARM_UP, PARALLEL);
}

/**
 * Opens and closes connections, and measures time and CPU: as fast as the route can, then at the fixed rate.
 *
 * @param logged true if the shim must log each of them
 * @throws if it did not
 */
export async function measureUpgrades({ driver }: Bench, route: Route, logged: boolean): Promise<Sample> {
  const outcomes = route.proxy?.connectedOutcomes ?? 0;
  const client = clientOf(route, SIZES);
  let ms = NaN;
  const cpu = await cpuDuring(route, SETTLE_MS, async () => {
    ({ ms } = await driver.upgrades(client, UPGRADES, PARALLEL));
  });
  const rate = UPGRADES / (ms / 1000);
  if (cpu === undefined) return { rate };
  const paced = await cpuDuring(route, SETTLE_MS, async () => {
    await driver.paced(client, UPGRADES, PER_SECOND);
  });
  const seen = (route.proxy?.connectedOutcomes ?? 0) - outcomes;
  if (logged && route.name.startsWith("shim") && seen !== 2 * UPGRADES) {
    throw new Error(`${route.name} logged ${seen} connected outcomes for ${2 * UPGRADES} upgrades`);
  }
  return { rate, cpu: cpu / UPGRADES, paced: (paced ?? NaN) / UPGRADES };
}
