import { existsSync } from "node:fs";
import { join } from "node:path";
import { INSTALLS } from "../../scripts/install-once.mjs";
import { Child } from "../../test/gateway/child.ts";
import { startGateway, type Gateway } from "../../test/gateway/gateway.ts";
import { installOpenClaw } from "../../test/gateway/openclaw.ts";
import type { ProxyProgram } from "../proxies/program.ts";
import { RunningProxy } from "../proxies/running.ts";
import { interleave, joinSamples, type Samples } from "../rounds.ts";
import type { Metric, Row } from "./row.ts";

/** The oldest and the newest supported release. */
const RELEASES = ["2026.2.19", "2026.9.6"] as const;
const DEADLINE_MS = 90_000;
/** A sample is the fastest of so many runs: the times of one command vary by more than the shim adds. */
const RUNS = 3;
const COMMAND = ["cron", "list", "--json"] as const;

const METRICS: readonly Metric[] = RELEASES.flatMap((version) => [
  metric(version, `openclaw cron list, ${version}`),
  metric(`${version} added`, "  added by the shim"),
  metric(`${version} exec`, "  added by exec --"),
]);

/** OpenClaw's CLI with a real gateway: directly, through a running shim, and with `exec --`. */
export const cli: Row = {
  name: "cli",
  about: "what a user waits for: openclaw cron list, directly, through the shim, and with exec --",
  async run({ programs: [shim], rounds }) {
    let samples: Samples = { direct: [], shim: [] };
    for (const version of RELEASES) {
      if (existsSync(join(INSTALLS, version))) {
        samples = joinSamples(await measure(version, shim, rounds), samples);
      } else {
        console.error(
          `openclaw ${version} is not in ${INSTALLS}: skipped (OPENCLAW_VERSIONS=${version} npm run test:gateway installs it)`,
        );
      }
    }
    return { row: "cli", metrics: METRICS, samples };
  },
};

/** One way to run the command. */
interface Way {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the command is given to. */
  readonly prefix?: readonly string[];
}

async function measure(version: string, shim: ProxyProgram | undefined, rounds: number): Promise<Samples> {
  if (shim?.bundle === undefined) throw new Error("no shim to measure");
  const gateway = await startGateway(await installOpenClaw(version));
  try {
    const running = await RunningProxy.start(shim, gateway.port);
    const ways: readonly Way[] = [
      { name: "direct" },
      // As `openclaw-shim env` prints it for a user who has an openclaw.json.
      { name: "shim", env: { OPENCLAW_GATEWAY_PORT: String(running.port) } },
      { name: "exec", prefix: [process.execPath, shim.bundle, "exec", "--"] },
    ];
    const samples = await interleave(ways, rounds, async (way) => {
      const times: number[] = [];
      for (let run = 0; run < RUNS; run += 1) times.push(await timed(gateway, way));
      return { ms: Math.min(...times) };
    });
    const seen = running.connectedOutcomes;
    await running.stop();
    if (seen < RUNS * (rounds + 1))
      throw new Error(`${seen} of ${RUNS * (rounds + 1)} commands went through the shim`);
    return compared(version, samples);
  } finally {
    await gateway.close();
  }
}

/**
 * Returns the time from spawn to exit, in milliseconds.
 *
 * @throws if the command fails
 */
async function timed({ openclaw, home }: Gateway, { name, env, prefix = [] }: Way): Promise<number> {
  const [file, ...args] = [...prefix, openclaw.node, openclaw.entry, ...COMMAND];
  const started = performance.now();
  const child = new Child({ name, command: [file, ...args], env: { ...home.env, ...env }, cwd: home.path });
  const { code } = await child.exited(DEADLINE_MS);
  if (code !== 0) throw new Error(`${name}: exit code ${code}: ${child.lines.join("\n")}`);
  return performance.now() - started;
}

/** Subtracts the direct run of the same round. */
function compared(version: string, samples: Samples): Samples {
  const msOf = (name: string): number[] => (samples[name] ?? []).map(({ ms = NaN }) => ms);
  const direct = msOf("direct");
  const exec = msOf("exec");
  return {
    direct: direct.map((ms) => ({ [version]: ms })),
    shim: msOf("shim").map((ms, round) => ({
      [version]: ms,
      [`${version} added`]: ms - (direct[round] ?? NaN),
      [`${version} exec`]: (exec[round] ?? NaN) - (direct[round] ?? NaN),
    })),
  };
}

function metric(key: string, label: string): Metric {
  return { key, label, unit: "ms", digits: 0, better: "lower", references: [] };
}
