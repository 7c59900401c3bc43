import { clientOf, cpuDuring, interleave, withWays, type Bench, type Sample, type Way } from "../rounds.ts";
import { REFERENCES, type Metric, type Row } from "./row.ts";

const SIZES = { up: 200, down: 200 };
const UPGRADES = 1_000;
const PARALLEL = 8;
/** Longer than any proxy keeps something of a connection that is over. */
const SETTLE_MS = 1_500;

const METRICS: readonly Metric[] = [
  { key: "rate", label: "upgrades with handshake", unit: "1/s", digits: 0, better: "higher" },
  { key: "cpu", label: "CPU per upgrade with handshake", unit: "us", digits: 0, better: "lower", goal: 2.2 },
];

/** Connect, upgrade, challenge, connect request, hello-ok, close; eight at once. */
export const upgrade: Row = {
  name: "upgrade",
  about: "upgrades a second and CPU of each, OpenClaw's handshake included",
  async run(bench) {
    const samples = await withWays(bench, (ways) =>
      interleave(ways, bench.rounds, (way) => measureUpgrades(bench, way, true)),
    );
    return { row: "upgrade", metrics: METRICS, samples, references: REFERENCES };
  },
};

/**
 * Opens and closes connections, and takes time and CPU.
 *
 * @param logged whether the shim is to log each of them
 * @throws where it was to and did not
 */
export async function measureUpgrades({ driver }: Bench, way: Way, logged: boolean): Promise<Sample> {
  const outcomes = way.proxy?.connectedOutcomes ?? 0;
  let ms = NaN;
  const cpu = await cpuDuring(way, SETTLE_MS, async () => {
    ({ ms } = await driver.upgrades(clientOf(way, SIZES), UPGRADES, PARALLEL));
  });
  const seen = (way.proxy?.connectedOutcomes ?? 0) - outcomes;
  if (logged && way.name.startsWith("shim") && seen !== UPGRADES) {
    throw new Error(`${way.name} logged ${seen} connected outcomes for ${UPGRADES} upgrades`);
  }
  return { rate: UPGRADES / (ms / 1000), ...(cpu !== undefined && { cpu: cpu / UPGRADES }) };
}
