import { httpProxy1 } from "../proxies/node-programs.ts";
import { plotGrowth, type Curve } from "../plot.ts";
import { clientOf, cpuDuring, interleave, withWays, type Bench, type Sample, type Way } from "../rounds.ts";
import { median } from "../statistics.ts";
import { type Metric, type Result, type Row } from "./row.ts";

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

/** CPU per message with 1 to 2,000 busy connections, and with messages of 200 B to 25 MB there and back. */
export const growth: Row = {
  name: "growth",
  about: "how CPU per message grows with connections and with size; draws a plot",
  async run(bench): Promise<Result> {
    // http-proxy grows as the bare relay does, and 2,000 connections a round take their time.
    const programs = bench.programs.filter(({ name }) => name !== httpProxy1.name);
    const samples = await withWays({ ...bench, programs }, (ways) =>
      interleave(
        ways.filter(({ proxy }) => proxy),
        bench.rounds,
        async (way) => ({ ...(await byConnections(bench, way)), ...(await bySize(bench, way)) }),
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
    return { row: "growth", metrics: METRICS, samples, references: ["nginx", "HAProxy"], svg };
  },
};

/** Every connection has one 200-byte message on its way at any time. */
async function byConnections({ driver }: Bench, way: Way): Promise<Sample> {
  const sample: Record<string, number> = {};
  const sets: string[] = [];
  let open = 0;
  for (const count of CONNECTIONS) {
    // The same connections go on, with more beside them: the last set is the whole.
    const set = `${way.name} ${count}`;
    await driver.open(set, clientOf(way, { up: 200, down: 200 }), count - open);
    sets.push(set);
    open = count;
    sample[`c${count}`] = await costOf(way, MESSAGES, () => driver.exchange(sets, MESSAGES, 1));
  }
  for (const set of sets) await driver.close(set);
  return sample;
}

/** One connection, one message at a time, as large one way as the other. */
async function bySize({ driver }: Bench, way: Way): Promise<Sample> {
  const sample: Record<string, number> = {};
  for (const { bytes, messages } of SIZES) {
    await driver.open(way.name, clientOf(way, { up: bytes, down: bytes }), 1);
    sample[`s${bytes}`] = await costOf(way, messages, () => driver.exchange([way.name], messages, 1));
    await driver.close(way.name);
  }
  return sample;
}

async function costOf(way: Way, messages: number, work: () => Promise<unknown>): Promise<number> {
  const cpu = await cpuDuring(way, SETTLE_MS, async () => {
    await work();
  });
  return (cpu ?? NaN) / messages;
}

function metric(key: string, label: string): Metric {
  return { key, label, unit: "us", digits: 0, better: "lower" };
}
