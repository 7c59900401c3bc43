import { bundled } from "../proxies/program.ts";
import { shim } from "../proxies/shim.ts";
import { interleave, withRoutes, type Sample, type Samples } from "../rounds.ts";
import type { Metric, Row } from "./row.ts";
import { measureUpgrades } from "./upgrade.ts";

const UNOBSERVED = "not reading";

const METRICS: readonly Metric[] = [
  { key: "cpu", label: "CPU per upgrade with handshake", unit: "us", digits: 0, better: "lower" },
  { key: "share", label: "share of reading and logging", unit: "%", digits: 1, better: "lower", limit: 15 },
];

/** The shim with and without its observer: the cost of reading the handshake and logging its outcome. */
export const handshakeCost: Row = {
  name: "handshake-cost",
  about: "share of an upgrade's CPU for reading and logging the handshake",
  async run(bench) {
    const [product] = bench.programs;
    if (!product) throw new Error("no shim to measure");
    const programs = [product, shim(UNOBSERVED, bundled("shim-unobserved"))];
    const samples = await withRoutes({ ...bench, programs }, (routes) =>
      interleave(
        routes.filter(({ proxy }) => proxy),
        bench.rounds,
        (route) => measureUpgrades(bench, route, route.name !== UNOBSERVED),
      ),
    );
    return {
      row: "handshake-cost",
      metrics: METRICS,
      samples: withShare(samples, product.name),
      references: [],
    };
  },
};

function withShare(samples: Samples, name: string): Samples {
  const without = samples[UNOBSERVED] ?? [];
  const share = (sample: Sample, round: number): Sample => {
    const all = sample["cpu"] ?? NaN;
    return { ...sample, share: ((all - (without[round]?.["cpu"] ?? NaN)) / all) * 100 };
  };
  return { ...samples, [name]: (samples[name] ?? []).map(share) };
}
