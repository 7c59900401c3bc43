import type { Exchanged } from "../load/commands.ts";
import {
  clientOf,
  cpuDuring,
  interleave,
  withRoutes,
  type Bench,
  type Sample,
  type Samples,
  type Route,
} from "../rounds.ts";
import type { Metric, Row } from "./row.ts";

const SIZES = { up: 200, down: 200 };
const MESSAGES = 5_000;
const WARM_UP = 200;
const SETTLE_MS = 50;

const METRICS: readonly Metric[] = [
  { key: "p50", label: "WebSocket round trip p50", unit: "us", digits: 0, better: "lower" },
  { key: "p99", label: "WebSocket round trip p99", unit: "us", digits: 0, better: "lower", detail: true },
  { key: "added", label: "  added round trip", unit: "us", digits: 0, better: "lower" },
  { key: "cpu", label: "CPU per 200-byte WebSocket message", unit: "us", digits: 1, better: "lower" },
];

/** One connection, one 200-byte message at a time, each with a 200-byte reply. */
export const rtt: Row = {
  name: "rtt",
  about: "round trip and CPU of 200-byte messages",
  async run(bench) {
    const samples = await withRoutes(bench, (routes) =>
      interleave(routes, bench.rounds, (route) => measure(bench, route)),
    );
    return { row: "rtt", metrics: METRICS, samples: withAdded(samples) };
  },
};

async function measure({ driver }: Bench, route: Route): Promise<Sample> {
  await driver.open(route.name, clientOf(route, SIZES), 1);
  await driver.exchange([route.name], WARM_UP, 1);
  let exchanged: Exchanged = { ms: NaN };
  const cpu = await cpuDuring(route, SETTLE_MS, async () => {
    exchanged = await driver.exchange([route.name], MESSAGES, 1);
  });
  await driver.close(route.name);
  const { p50 = NaN, p99 = NaN } = exchanged;
  return { p50: p50 * 1000, p99: p99 * 1000, ...(cpu !== undefined && { cpu: cpu / MESSAGES }) };
}

/** Adds the difference of each proxy to the direct round trip of the same round. */
function withAdded(samples: Samples): Samples {
  const direct = samples["direct"] ?? [];
  const added = (sample: Sample, round: number): Sample => ({
    ...sample,
    added: (sample["p50"] ?? NaN) - (direct[round]?.["p50"] ?? NaN),
  });
  return Object.fromEntries(
    Object.entries(samples).map(([name, rounds]) => [name, name === "direct" ? rounds : rounds.map(added)]),
  );
}
