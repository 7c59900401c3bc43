import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import type { Bundle } from "../bundle.ts";

/** A run of `exec`. */
export interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<number | null>;
}

/** Runs `exec` with these arguments. */
export function startExec(
  program: Bundle,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Run {
  const child = spawn(process.execPath, [program.path, "exec", ...args], {
    cwd: program.folder,
    // In a session of its own, without the terminal that the tests may have.
    detached: true,
    env: { HOME: program.folder, PATH: "/usr/bin:/bin", ...env },
    stdio: "pipe",
  });
  program.running.add(child);
  child.once("close", () => program.running.delete(child));
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (text.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (text.stderr += String(chunk)));
  const exit = once(child, "close").then(([code]: unknown[]) => (typeof code === "number" ? code : null));
  return { child, stdout: () => text.stdout, stderr: () => text.stderr, exit };
}

/** Returns true if nothing listens on a port of 127.0.0.1. */
export async function refusesConnections(port: string | undefined): Promise<boolean> {
  const socket = connect(Number(port), "127.0.0.1");
  const error = await once(socket, "connect").catch((reason: unknown) => reason);
  socket.destroy();
  return error instanceof Error && error.message.includes("ECONNREFUSED");
}
