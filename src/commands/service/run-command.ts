import { execFile } from "node:child_process";
import { printable } from "../../text/printable.ts";

/** A program, found on the PATH, and its arguments. */
export type Argv = readonly [string, ...string[]];

/** The result of a command; `code` is undefined if it could not be started or was killed. */
export interface CommandResult {
  readonly code: number | undefined;
  readonly stdout: string;
  /** The last line of stderr, else how it ended; one printable line. */
  readonly why: string;
}

const OPTIONS = { timeout: 60_000, killSignal: "SIGKILL", maxBuffer: 1024 * 1024 } as const;

/** Runs a program and waits until it ends. Never throws: a program that is missing, fails or hangs is a result. */
export function runCommand([program, ...args]: Argv, env: NodeJS.ProcessEnv): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(program, args, { ...OPTIONS, env }, (error, stdout, stderr) => {
      const code = error?.code ?? (error ? undefined : 0);
      const started = typeof code !== "string";
      const ended = started ? (error?.signal ?? `exit ${code}`) : `cannot be run (${code})`;
      const why = `${program}: ${printable(stderr.trim().split("\n").at(-1) ?? "") || ended}`;
      resolve({ code: started ? code : undefined, stdout, why });
    });
  });
}
