import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { bundleCommand } from "../../scripts/bundle.mjs";

/** The command as one file, made for one test file. */
export interface Bundle {
  readonly path: string;
  /** An empty folder, also the home of what is started. */
  readonly folder: string;
  /** Started and not ended yet. */
  readonly running: Set<ChildProcess>;
  /** Also ends what a failed test left running. */
  remove(): void;
}

/** Bundles src/main.ts, as `npm run build` does, into a folder of its own. */
export async function bundle(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), "shim-command-"));
  const path = join(folder, "openclaw-shim.mjs");
  await bundleCommand(path, "1.2.3");
  const running = new Set<ChildProcess>();
  const remove = (): void => {
    for (const child of running) child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  };
  return { path, folder, running, remove };
}

/** Where a child's stdout goes: a pipe that the test reads, or a descriptor. */
export type ChildStdout = "pipe" | number;

/** A command that runs. */
export interface RunningCommand {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Resolves with the first stdout line that matches. */
  line(pattern: RegExp): Promise<string>;
  /** Closes the test's end of stdout. */
  closeStdout(): void;
  signal(name: NodeJS.Signals): void;
  /** The exit code; null where a signal ended it. */
  readonly exit: Promise<number | null>;
}

const LINE_DEADLINE_MS = 10_000;

/** Starts the command with an environment of its own. */
export function start(
  { path, folder, running }: Bundle,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdoutTo: ChildStdout = "pipe",
): RunningCommand {
  const child = spawn(process.execPath, [path, ...args], {
    cwd: folder,
    env: { HOME: folder, PATH: "/usr/bin:/bin", ...env },
    stdio: ["ignore", stdoutTo, "pipe"],
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  const stdout: string[] = [];
  const stderr: string[] = [];
  const waiting = new Set<() => void>();
  const collect = (stream: NodeJS.ReadableStream | null, lines: string[]): void => {
    if (!stream) return;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const check of waiting) check();
    });
  };
  collect(child.stdout, stdout);
  collect(child.stderr, stderr);
  return {
    stdout,
    stderr,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const fail = (): void =>
          reject(new Error(`no line ${pattern}: ${[...stdout, ...stderr].join("\n")}`));
        const deadline = setTimeout(fail, LINE_DEADLINE_MS);
        const check = (): void => {
          const found = stdout.find((line) => pattern.test(line));
          if (found === undefined) return;
          clearTimeout(deadline);
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
    closeStdout: () => child.stdout?.destroy(),
    signal: (name) => void child.kill(name),
    exit: once(child, "close").then(([code]: unknown[]) => (typeof code === "number" ? code : null)),
  };
}
