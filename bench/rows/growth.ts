import { httpProxy1 } from "../proxies/node-programs.ts";
import { plotGrowth, type Curve } from "../plot.ts";
import {
  clientOf,
  cpuDuring,
  interleave,
  withRoutes,
  type Bench,
  type Sample,
  type Route,
} from "../rounds.ts";
import { median } from "../statistics.ts";
import type { Metric, Result, Row } from "./row.ts";

const CONNECTIONS = [1, 10, 100, 500, 1_000, 2_000] as const;
const MESSAGES = 3_000;
const SIZES = [
  { bytes: 200, label: "200 B", messages: 2_000 },
  { bytes: 2_000, label: "2 kB", messages: 2_000 },
  { bytes: 20_000, label: "20 kB", messages: 1_000 },
  { bytes: 200_000, label: "200 kB", messages: 200 },
  { bytes: 2_000_000, label: "2 MB", messages: 20 },
  { bytes: 25_000_000, label: "25 MB", messages: 3 },
] as const;
const SETTLE_MS = 50;

const METRICS: readonly Metric[] = [
  ...CONNECTIONS.map((count) => metric(`c${count}`, `CPU per message, ${count} connections`)),
  ...SIZES.map(({ bytes, label }) => metric(`s${bytes}`, `CPU per message of ${label}`)),
];

/** CPU per message with 1 to 2,000 busy connections, and with echoed messages of 200 B to 25 MB. */
export const growth: Row = {
  name: "growth",
  about: "CPU per message by connections and by size; draws a plot",
  async run(bench): Promise<Result> {
    // http-proxy scales like the bare proxy, and 2,000 connections per round take long.
    const programs = bench.programs.filter(({ name }) => name !== httpProxy1.name);
    const samples = await withRoutes({ ...bench, programs }, (routes) =>
      interleave(
        routes.filter(({ proxy }) => proxy),
        bench.rounds,
        async (route) => ({ ...(await byConnections(bench, route)), ...(await bySize(bench, route)) }),
      ),
    );
    const curves = (points: readonly (readonly [key: string, x: number])[]): Curve[] =>
      Object.entries(samples).map(([name, rounds]) => ({
        name,
        points: points.map(([key, x]) => ({ x, y: median(rounds.map((sample) => sample[key] ?? NaN)) })),
      }));
    const svg = plotGrowth(
      curves(CONNECTIONS.map((count) => [`c${count}`, count])),
      curves(SIZES.map(({ bytes }) => [`s${bytes}`, bytes])),
    );
    return { row: "growth", metrics: METRICS, samples, svg };
  },
};

/** Each connection always has one 200-byte message in flight. */
async function byConnections({ driver }: Bench, route: Route): Promise<Sample> {
  const sample: Record<string, number> = {};
  const sets: string[] = [];
  let open = 0;
  for (const count of CONNECTIONS) {
    // Adds to the open connections: all sets together are `count` connections.
    const set = `${route.name} ${count}`;
    await driver.open(set, clientOf(route, { up: 200, down: 200 }), count - open);
    sets.push(set);
    open = count;
    sample[`c${count}`] = await costOf(route, MESSAGES, () => driver.exchange(sets, MESSAGES, 1));
  }
  for (const set of sets) await driver.close(set);
  return sample;
}

/** One connection, one message at a time, of the same size in both directions. */
async function bySize({ driver }: Bench, route: Route): Promise<Sample> {
  const sample: Record<string, number> = {};
  for (const { bytes, messages } of SIZES) {
    await driver.open(route.name, clientOf(route, { up: bytes, down: bytes }), 1);
    sample[`s${bytes}`] = await costOf(route, messages, () => driver.exchange([route.name], messages, 1));
    await driver.close(route.name);
  }
  return sample;
}

async function costOf(route: Route, messages: number, work: () => Promise<unknown>): Promise<number> {
  const cpu = await cpuDuring(route, SETTLE_MS, async () => {
    await work();
  });
  return (cpu ?? NaN) / messages;
}

function metric(key: string, label: string): Metric {
  return { key, label, unit: "us", digits: 0, better: "lower", detail: true };
}
