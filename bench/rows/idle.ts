import { BARE } from "../proxies/node-programs.ts";
import { clientOf, pause, withRoutes, type Bench, type Sample, type Samples } from "../rounds.ts";
import type { Metric, Row } from "./row.ts";

const SIZES = { up: 200, down: 200 };
const CONNECTIONS = 1_000;
/** V8 returns the memory of the handshakes only after some idle seconds. */
const SETTLE_MS = 12_000;

const METRICS: readonly Metric[] = [
  {
    key: "perConnection",
    label: "idle connection",
    unit: "kB",
    digits: 1,
    better: "lower",
    references: [BARE],
    goal: 1.2,
  },
];

/** Difference of resident memory with and without 1,000 connections; new processes in each round. */
export const idle: Row = {
  name: "idle",
  about: "kB per idle connection at 1,000",
  async run(bench) {
    const samples: Record<string, Sample[]> = {};
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const [name, sample] of Object.entries(await measure(bench))) (samples[name] ??= []).push(sample);
    }
    return { row: "idle", metrics: METRICS, samples: samples satisfies Samples };
  },
};

/** Measures all proxies in parallel: they are idle. */
function measure(bench: Bench): Promise<Record<string, Sample>> {
  return withRoutes(bench, async (routes) => {
    const proxied = routes.flatMap((route) => (route.proxy ? [{ route, proxy: route.proxy }] : []));
    await pause(1_000);
    const before = proxied.map(({ proxy }) => proxy.resident);
    for (const { route } of proxied) await bench.driver.open(route.name, clientOf(route, SIZES), CONNECTIONS);
    await pause(SETTLE_MS);
    const results = proxied.map(({ route, proxy }, i) => [
      route.name,
      { perConnection: (proxy.resident - (before[i] ?? NaN)) / CONNECTIONS },
    ]);
    for (const { route } of proxied) await bench.driver.close(route.name);
    return Object.fromEntries(results);
  });
}
