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
const UPGRADES = 1_000;
const PARALLEL = 8;
/** Longer than any proxy retains the state of a closed connection. */
const SETTLE_MS = 1_500;

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
];

/** Connect, upgrade, challenge, connect request, hello-ok, close; eight at once. */
export const upgrade: Row = {
  name: "upgrade",
  about: "upgrades per second and their CPU, with OpenClaw's handshake",
  async run(bench) {
    const samples = await withRoutes(bench, (routes) =>
      interleave(routes, bench.rounds, (route) => measureUpgrades(bench, route, true)),
    );
    return { row: "upgrade", metrics: METRICS, samples };
  },
};

/**
 * Opens and closes connections, and measures time and CPU.
 *
 * @param logged true if the shim must log each of them
 * @throws if it did not
 */
export async function measureUpgrades({ driver }: Bench, route: Route, logged: boolean): Promise<Sample> {
  const outcomes = route.proxy?.connectedOutcomes ?? 0;
  let ms = NaN;
  const cpu = await cpuDuring(route, SETTLE_MS, async () => {
    ({ ms } = await driver.upgrades(clientOf(route, SIZES), UPGRADES, PARALLEL));
  });
  const seen = (route.proxy?.connectedOutcomes ?? 0) - outcomes;
  if (logged && route.name.startsWith("shim") && seen !== UPGRADES) {
    throw new Error(`${route.name} logged ${seen} connected outcomes for ${UPGRADES} upgrades`);
  }
  return { rate: UPGRADES / (ms / 1000), ...(cpu !== undefined && { cpu: cpu / UPGRADES }) };
}
