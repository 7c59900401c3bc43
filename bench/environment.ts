import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import type { ProxyProgram } from "./proxies/program.ts";

/** The conditions of a run. */
export interface Environment {
  readonly commit: string;
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly rounds: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Describes this run. The commit is marked `-dirty` if files differ from it. */
export function describe(programs: readonly ProxyProgram[], rounds: number): Environment {
  const [cpu] = cpus();
  return {
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpu?.model ?? "CPU"}, ${Math.round(totalmem() / 1e9)} GB, Linux ${release()}`,
    node: process.version,
    rounds,
    versions: Object.fromEntries(programs.map(({ name, version }) => [name, version ?? ""])),
  };
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"]).toString().trim();
  } catch {
    return "unknown";
  }
}
