import { bareNode, bareRelay } from "../proxies/node-programs.ts";
import { RunningProxy } from "../proxies/running.ts";
import { interleave, pause } from "../rounds.ts";
import type { Metric, Row } from "./row.ts";

const IDLE_MS = 1_000;

const METRICS: readonly Metric[] = [
  { key: "start", label: "spawn to accepting", unit: "ms", digits: 0, better: "lower", goal: 3 },
  { key: "resident", label: "idle RSS", unit: "MB", digits: 1, better: "lower", goal: 1.35, limit: 60 },
];

/** Start-up time and memory of each program, compared with a bare Node `http` server. */
export const start: Row = {
  name: "start",
  about: "spawn to accepting, and idle RSS, compared with a bare Node server",
  async run({ driver, programs, rounds }) {
    const others = programs.filter(({ name }) => name !== bareRelay.name);
    const samples = await interleave([bareNode, ...others], rounds, async (program) => {
      const running = await RunningProxy.start(program, driver.gatewayPort);
      await pause(IDLE_MS);
      const sample = { start: running.startMs, resident: (running.resident * 1024) / 1e6 };
      await running.stop();
      return sample;
    });
    return { row: "start", metrics: METRICS, samples, references: [bareNode.name] };
  },
};
