import { spawn } from "node:child_process";
import { constants } from "node:os";
import { hasTerminal, isUnderNohup } from "../../cli/hangup.ts";
import type { Environment } from "../../openclaw/config.ts";
import { errorCode, printable } from "../../text/printable.ts";
import { withoutNpmLauncher } from "./npm-launcher.ts";

const FORWARDED = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK"] as const;
/** A terminal sends these to the command, too: a second one would end what handles the first. On Windows also SIGHUP. */
const TYPED: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT", "SIGBREAK"]);
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/**
 * Runs a command with the standard streams of this process, and passes signals on.
 *
 * @returns its exit code; 128 and the number of the signal that ended it; 126 or 127, after a complaint, if it cannot run
 */
export async function runChild(
  command: readonly [string, ...string[]],
  env: Environment,
  complain: (line: string) => void,
): Promise<number> {
  // Node.js has reset the signal that nohup ignores.
  const [file, ...args] = isUnderNohup(process.env)
    ? ["nohup", ...command]
    : withoutNpmLauncher(command, env);
  const onTerminal = hasTerminal();
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(file, args, { env, stdio: "inherit" });
      child.once("error", reject);
      for (const signal of FORWARDED) {
        const isTyped = process.platform === "win32" || (onTerminal && TYPED.has(signal));
        const forward = (): void => void (isTyped || child.kill(signal));
        process.on(signal, forward);
        child.once("exit", () => process.off(signal, forward));
      }
      child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } catch (error) {
    const why = errorCode(error);
    const shown = printable(command[0], 120);
    if (why === "ENOENT") {
      complain(
        `cannot run "${shown}": not found; give a program in PATH, or its path, and each argument as a word`,
      );
      return NOT_FOUND;
    }
    complain(`cannot run "${shown}": ${why}; give a file that may be executed`);
    return NOT_EXECUTABLE;
  }
}
