import { spawn } from "node:child_process";
import { printable } from "../../text/printable.ts";

/** A program, found on the PATH, and its arguments. */
export type Command = readonly [string, ...string[]];

/** What a command said. */
export interface CommandResult {
  /** Undefined where it could not be started, or did not end in time. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** One line, fit to print. */
  readonly why: string;
}

const DEADLINE_MS = 60_000;
const MAX_OUTPUT = 1024 * 1024;

/**
 * Runs a program and waits for its end. Never throws: a program that is not there, fails or hangs is a result.
 *
 * @param env all of its environment
 * @param deadlineMs after that it is killed
 */
export function runCommand(
  [program, ...args]: Command,
  env: NodeJS.ProcessEnv,
  deadlineMs: number = DEADLINE_MS,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: deadlineMs,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout
      .setEncoding("utf8")
      .on("data", (text: string) => (stdout = (stdout + text).slice(-MAX_OUTPUT)));
    child.stderr
      .setEncoding("utf8")
      .on("data", (text: string) => (stderr = (stderr + text).slice(-MAX_OUTPUT)));
    child.once("error", (error: NodeJS.ErrnoException) => {
      resolve({ code: undefined, stdout, why: `${program} cannot be run (${error.code})` });
    });
    child.once("close", (code, signal) => {
      const said = printable(stderr.trim().split("\n").at(-1) ?? "");
      const ended = signal === null ? `exit ${code}` : `ended by ${signal}`;
      resolve({
        code: code ?? undefined,
        stdout,
        why: said === "" ? `${program}: ${ended}` : `${program}: ${said}`,
      });
    });
  });
}
