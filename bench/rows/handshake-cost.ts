import { bundled } from "../proxies/program.ts";
import { shim } from "../proxies/shim.ts";
import { interleave, withRoutes, type Sample, type Samples } from "../rounds.ts";
import type { Metric, Row } from "./row.ts";
import { measureUpgrades, warmUp } from "./upgrade.ts";

const UNOBSERVED = "not reading";

const METRICS: readonly Metric[] = [
  { key: "share", label: "  share of reading and logging", unit: "%", digits: 0, better: "lower", limit: 20 },
  {
    key: "paced",
    label: "share of reading and logging, fixed rate",
    unit: "%",
    digits: 0,
    better: "lower",
    detail: true,
  },
];

/** The shim with and without its observer: the cost of reading the handshake and logging its outcome. */
export const handshakeCost: Row = {
  name: "handshake-cost",
  about: "share of an upgrade's CPU for reading and logging the handshake",
  async run(bench) {
    const [product] = bench.programs;
    if (!product) throw new Error("no shim to measure");
    const programs = [product, shim(UNOBSERVED, bundled("shim-unobserved"))];
    const samples = await withRoutes({ ...bench, programs }, async (routes) => {
      const proxied = routes.filter(({ proxy }) => proxy);
      await warmUp(bench, proxied);
      return interleave(proxied, bench.rounds, (route) =>
        measureUpgrades(bench, route, route.name !== UNOBSERVED),
      );
    });
    return { row: "handshake-cost", metrics: METRICS, samples: shares(samples, product.name) };
  },
};

function shares(samples: Samples, name: string): Samples {
  const without = samples[UNOBSERVED] ?? [];
  const share = (observed: Sample, round: number, key: string): number =>
    (1 - (without[round]?.[key] ?? NaN) / (observed[key] ?? NaN)) * 100;
  return {
    [name]: (samples[name] ?? []).map((sample, round) => ({
      share: share(sample, round, "cpu"),
      paced: share(sample, round, "paced"),
    })),
  };
}
