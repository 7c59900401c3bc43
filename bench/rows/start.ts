import { spawn } from "node:child_process";
import { once } from "node:events";
import { BARE, bareNode, bareProxy } from "../proxies/node-programs.ts";
import { RunningProxy } from "../proxies/running.ts";
import { interleave, pause } from "../rounds.ts";
import { median } from "../statistics.ts";
import type { Metric, Row } from "./row.ts";

const IDLE_MS = 1_000;
const COMMANDS = ["--version", "--help", "env", "status"] as const;
/** A sample is the median of so many runs of a command. */
const RUNS = 5;

const METRICS: readonly Metric[] = [
  metric({ key: "start", label: "spawn to accepting", goal: 1.3 }),
  ...COMMANDS.map((name) => metric({ key: name, label: `openclaw-shim ${name}`, goal: 1.2 })),
  { ...metric({ key: "resident", label: "idle RSS", goal: 1.12 }), unit: "MB", digits: 1 },
];

/** Start-up time and memory of each program, and the time of the shim's short commands. */
export const start: Row = {
  name: "start",
  about: "spawn to accepting, idle RSS and short commands, compared with a bare Node",
  async run({ driver, programs, rounds }) {
    const started = [bareNode, ...programs.filter((program) => program !== bareProxy)];
    const samples = await interleave(started, rounds, async (program) => {
      const running = await RunningProxy.start(program, driver.gatewayPort);
      await pause(IDLE_MS);
      const resident = (running.resident * 1024) / 1e6;
      const listen = `127.0.0.1:${running.port}`;
      const commands: Record<string, number> = {};
      for (const name of COMMANDS) {
        // `node -e 0` is the baseline of all of them.
        const args =
          program === bareNode ? ["-e", "0"] : [program.bundle ?? "", ...argumentsOf(name, listen)];
        if (program === bareNode || program.bundle !== undefined) commands[name] = await duration(args);
      }
      await running.stop();
      return { start: running.startMs, resident, ...commands };
    });
    return { row: "start", metrics: METRICS, samples };
  },
};

function argumentsOf(name: (typeof COMMANDS)[number], listen: string): string[] {
  return name === "env" || name === "status" ? [name, "--listen", listen] : [name];
}

/** Returns the median time from spawn to exit, in milliseconds. */
async function duration(args: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i += 1) {
    const began = performance.now();
    await once(spawn(process.execPath, args, { stdio: "ignore" }), "exit");
    times.push(performance.now() - began);
  }
  return median(times);
}

function metric(fields: Pick<Metric, "key" | "label" | "goal">): Metric {
  return { unit: "ms", digits: 0, better: "lower", references: [BARE], ...fields };
}
