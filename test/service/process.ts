import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

/** A process and the lines it printed. */
export interface Lines {
  readonly child: ChildProcess;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Resolves with the first stdout line that contains this text. */
  line(text: string): Promise<string>;
  /** Resolves with exit code and signal. */
  readonly exit: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

const DEADLINE_MS = 10_000;

/**
 * Starts a command; it is killed when the test ends.
 *
 * @param fd becomes the command's descriptor 3
 */
export function startProcess(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
  fd?: number,
): Lines {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", HOME: "/nonexistent", ...env },
    stdio: ["ignore", "pipe", "pipe", ...(fd === undefined ? [] : [fd])],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [stdout, stderr]: [string[], string[]] = [[], []];
  if (child.stdout) createInterface({ input: child.stdout }).on("line", (one) => stdout.push(one));
  if (child.stderr) createInterface({ input: child.stderr }).on("line", (one) => stderr.push(one));
  const exit = once(child, "close").then(
    ([code, signal]) => [code, signal] as [number | null, NodeJS.Signals | null],
  );
  return { child, stdout, stderr, exit, line };

  async function line(text: string): Promise<string> {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const found = stdout.find((one) => one.includes(text));
      if (found !== undefined) return found;
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`no line with ${text}: ${[...stdout, ...stderr].join("\n")}`);
      }
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), exit]);
    }
  }
}
