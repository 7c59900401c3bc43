import {
  clientOf,
  cpuDuring,
  interleave,
  joinSamples,
  withRoutes,
  type Bench,
  type Sample,
  type Samples,
  type Route,
} from "../rounds.ts";
import type { Metric, Row } from "./row.ts";

interface Kind {
  readonly key: string;
  readonly label: string;
  readonly sizes: { readonly up: number; readonly down: number };
  readonly messages: number;
  /** Messages in flight. */
  readonly window: number;
}

const SMALL = 200;
const LARGE = 64 * 1024;
const HUGE = 4 * 1024 * 1024;
const SETTLE_MS = 50;

/** Large messages in one direction, 200 bytes in the other; `down` is towards the client. About 135 MB each. */
const KINDS: readonly Kind[] = [
  { key: "64kDown", label: "64 kB down", sizes: { up: SMALL, down: LARGE }, messages: 2048, window: 8 },
  { key: "64kUp", label: "64 kB up", sizes: { up: LARGE, down: SMALL }, messages: 2048, window: 8 },
  { key: "4MDown", label: "4 MB down", sizes: { up: SMALL, down: HUGE }, messages: 32, window: 2 },
  { key: "4MUp", label: "4 MB up", sizes: { up: HUGE, down: SMALL }, messages: 32, window: 2 },
];

const METRICS: readonly Metric[] = KINDS.flatMap(({ key, label }) => [
  { key: `${key}Rate`, label, unit: "MB/s", digits: 0, better: "higher", detail: true },
  { key: `${key}Cpu`, label: `${label}, CPU per GB`, unit: "ms", digits: 0, better: "lower", detail: true },
]);

/** Large messages on one connection. MB and GB are powers of ten. */
export const bulk: Row = {
  name: "bulk",
  about: "throughput and CPU with 64 kB and 4 MB messages",
  async run(bench) {
    const samples = await withRoutes(bench, async (routes) => {
      const all: Samples[] = [];
      for (const kind of KINDS) {
        all.push(await interleave(routes, bench.rounds, (route) => measure(bench, route, kind)));
      }
      return all.reduce(joinSamples);
    });
    return { row: "bulk", metrics: METRICS, samples };
  },
};

async function measure({ driver }: Bench, route: Route, kind: Kind): Promise<Sample> {
  const { key, sizes, messages, window } = kind;
  await driver.open(route.name, clientOf(route, sizes), 1);
  let ms = NaN;
  const cpu = await cpuDuring(route, SETTLE_MS, async () => {
    ({ ms } = await driver.exchange([route.name], messages, window));
  });
  await driver.close(route.name);
  const bytes = messages * Math.max(sizes.up, sizes.down);
  return {
    [`${key}Rate`]: bytes / 1e6 / (ms / 1000),
    ...(cpu !== undefined && { [`${key}Cpu`]: cpu / 1000 / (bytes / 1e9) }),
  };
}
