import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describe } from "./environment.ts";
import { keep } from "./keep.ts";
import { Driver } from "./load/driver.ts";
import { haproxy } from "./proxies/haproxy.ts";
import { nginx } from "./proxies/nginx.ts";
import { bareProxy, httpProxy1 } from "./proxies/node-programs.ts";
import type { ProxyProgram } from "./proxies/program.ts";
import { shim } from "./proxies/shim.ts";
import { summary, tables } from "./report.ts";
import { bulk } from "./rows/bulk.ts";
import { cli } from "./rows/cli.ts";
import { growth } from "./rows/growth.ts";
import { handshakeCost } from "./rows/handshake-cost.ts";
import { http } from "./rows/http.ts";
import { idle } from "./rows/idle.ts";
import type { Result, Row } from "./rows/row.ts";
import { rtt } from "./rows/rtt.ts";
import { start } from "./rows/start.ts";
import { upgrade } from "./rows/upgrade.ts";

/** In the order of the table: what matters to a user first. */
const ROWS: readonly Row[] = [cli, start, http, upgrade, handshakeCost, rtt, idle, bulk, growth];
const DEFAULT_ROUNDS = 5;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: String(DEFAULT_ROUNDS) },
      shim: { type: "string", default: "dist/openclaw-shim.mjs" },
      beside: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.find((name) => !ROWS.some((row) => row.name === name));
  const rounds = Number(values.rounds);
  if (values.help || unknown !== undefined || !(Number.isInteger(rounds) && rounds > 0)) {
    console.error(usage(unknown));
    return values.help ? 0 : 2;
  }
  const rows = positionals.length === 0 ? ROWS : ROWS.filter(({ name }) => positionals.includes(name));
  const programs = installed([
    shim("shim", values.shim),
    ...(values.beside === undefined ? [] : [shim("shim beside", values.beside)]),
    bareProxy,
    httpProxy1,
    nginx,
    haproxy,
  ]);
  const results = await measure(rows, programs, rounds);
  const environment = describe(programs, rounds);
  console.log(tables(results).filter(Boolean).join("\n\n"));
  console.log(JSON.stringify({ environment, results: results.map(summary) }, short));
  const plot = results.find(({ svg }) => svg !== undefined)?.svg;
  if (values.keep) {
    keep(tables(results), environment, plot);
  } else if (plot !== undefined) {
    const file = join(tmpdir(), "openclaw-shim-growth.svg");
    writeFileSync(file, plot);
    console.error(`plot: ${file}`);
  }
  return 0;
}

async function measure(
  rows: readonly Row[],
  programs: readonly ProxyProgram[],
  rounds: number,
): Promise<Result[]> {
  const results: Result[] = [];
  const driver = await Driver.start();
  try {
    for (const row of rows) {
      const started = performance.now();
      results.push(await row.run({ driver, programs, rounds }));
      console.error(`${row.name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
    }
  } finally {
    driver.stop();
  }
  return results;
}

function installed(programs: readonly ProxyProgram[]): ProxyProgram[] {
  for (const { name, version } of programs) {
    if (version === undefined)
      console.error(`${name} is not installed: skipped (apt-get install nginx-light haproxy)`);
  }
  return programs.filter(({ version }) => version !== undefined);
}

/** Replacer for `JSON.stringify`: limits numbers to their significant digits. */
function short(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}

function usage(unknown: string | undefined): string {
  return [
    ...(unknown === undefined ? [] : [`unknown row: ${unknown}`, ""]),
    "npm run bench -- [ROW…] [--rounds N] [--shim FILE] [--beside FILE] [--keep]",
    "",
    ...ROWS.map(({ name, about }) => `  ${name.padEnd(16)}${about}`),
    "",
    `  --rounds N      measured rounds, after one warm-up round (${DEFAULT_ROUNDS})`,
    "  --shim FILE     the shim to measure (dist/openclaw-shim.mjs)",
    "  --beside FILE   another build of the shim, measured in the same run",
    "  --keep          write the tables and the plot to bench/",
  ].join("\n");
}
