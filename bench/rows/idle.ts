import { clientOf, pause, withWays, type Bench, type Sample, type Samples } from "../rounds.ts";
import { REFERENCES, type Metric, type Row } from "./row.ts";

const SIZES = { up: 200, down: 200 };
const CONNECTIONS = 1_000;
/** V8 gives back what the handshakes left only after some seconds without work. */
const SETTLE_MS = 12_000;

const METRICS: readonly Metric[] = [
  { key: "perConnection", label: "idle connection", unit: "kB", digits: 1, better: "lower", goal: 1 },
];

/** Resident memory with 1,000 connections less that without, each round with fresh processes. */
export const idle: Row = {
  name: "idle",
  about: "kB per idle connection at 1,000",
  async run(bench) {
    const samples: Record<string, Sample[]> = {};
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const [name, sample] of Object.entries(await measure(bench))) (samples[name] ??= []).push(sample);
    }
    return { row: "idle", metrics: METRICS, samples: samples satisfies Samples, references: REFERENCES };
  },
};

/** All proxies at once: waiting costs them nothing. */
function measure(bench: Bench): Promise<Record<string, Sample>> {
  return withWays(bench, async (ways) => {
    const proxied = ways.flatMap((way) => (way.proxy ? [{ way, proxy: way.proxy }] : []));
    await pause(1_000);
    const before = proxied.map(({ proxy }) => proxy.resident);
    for (const { way } of proxied) await bench.driver.open(way.name, clientOf(way, SIZES), CONNECTIONS);
    await pause(SETTLE_MS);
    const kept = proxied.map(({ way, proxy }, i) => [
      way.name,
      { perConnection: (proxy.resident - (before[i] ?? NaN)) / CONNECTIONS },
    ]);
    for (const { way } of proxied) await bench.driver.close(way.name);
    return Object.fromEntries(kept);
  });
}
