import { Child } from "./child.ts";
import type { Home } from "./home.ts";
import type { OpenClaw } from "./openclaw.ts";

/** The result of a run of the CLI. */
export interface CliResult {
  /** null if a signal ended it. */
  readonly code: number | null;
  /** stdout, parsed; undefined if it is not one JSON value. */
  readonly json: unknown;
  /** stdout and stderr. */
  readonly output: string;
}

export interface CliOptions {
  /** Added to the environment of `home`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until it is killed; by default one minute. */
  readonly deadlineMs?: number;
  /** The network namespace to run it in. */
  readonly namespace?: string;
}

const DEADLINE_MS = 60_000;

/**
 * Runs the real `openclaw` command in a home and waits for its exit.
 * @throws Error with the last lines of its output after the deadline
 */
export async function runCli(
  openclaw: OpenClaw,
  home: Home,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const stdout: string[] = [];
  const child = new Child(
    {
      // Only two arguments: another may be a token.
      name: `openclaw ${args.slice(0, 2).join(" ")}`,
      command: [openclaw.node, openclaw.entry, ...args],
      env: { ...home.env, ...options.env },
      cwd: home.path,
      namespace: options.namespace,
    },
    (line) => stdout.push(line),
  );
  try {
    const { code } = await child.exited(options.deadlineMs ?? DEADLINE_MS);
    return { code, json: parse(stdout.join("\n")), output: child.lines.join("\n") };
  } catch (error) {
    await child.kill();
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
