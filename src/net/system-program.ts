import { join } from "node:path";
import { errorCode } from "../text/printable.ts";

const PROGRAM_MS = 10_000;

/**
 * Runs a program of Windows itself, and returns what it prints. PATH could lead to another program of that name.
 *
 * @throws Error without the arguments, if it fails or takes longer than 10 s
 */
export function runSystemProgram(program: string, ...args: readonly string[]): string {
  const path = join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", `${program}.exe`);
  try {
    // Not imported: it takes 5 ms of each command that reads OpenClaw's files, on other systems for nothing.
    return process.getBuiltinModule("node:child_process").execFileSync(path, args, {
      encoding: "latin1",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: PROGRAM_MS,
      windowsHide: true,
    });
  } catch (error) {
    throw new Error(`${program} failed (${errorCode(error)})`, { cause: error });
  }
}
