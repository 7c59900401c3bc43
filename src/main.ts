import { once } from "node:events";
import type { Logger } from "pino";
import { findCommand } from "./commands/command-table.ts";
import { problemLine, SettingsError } from "./settings/settings-error.ts";
import { hasTerminal, isUnderNohup, leaveTerminal } from "./cli/hangup.ts";
import { Output } from "./cli/output.ts";
import { programOf } from "./cli/program.ts";
import { printable } from "./text/printable.ts";

const FLUSH_MS = 1_000;
/**
 * After its console is closed, Windows ends a process within 5 s (Microsoft, HandlerRoutine, Timeouts). libuv passes that
 * on as SIGHUP (src/win/signal.c).
 */
const CONSOLE_MS = 4_700;
/** Of these, for the drain. */
const CONSOLE_DRAIN_MS = 4_000;

const stdout = new Output(1);
const stderr = new Output(2);
let logger: Logger | undefined;
process.on("uncaughtException", (error) => void fail(error));
process.on("unhandledRejection", (error) => void fail(error));
// SIGBREAK is Ctrl-Break, on Windows alone.
const stopSignals = ["SIGTERM", "SIGINT", "SIGBREAK"];
// Asked now: of a terminal that is gone nothing can be seen.
const isOnTerminal = hasTerminal();
if (isOnTerminal && !isUnderNohup(process.env)) stopSignals.push("SIGHUP");
else
  process.on("SIGHUP", () =>
    logger?.info({ event: "hangup.ignored" }, "SIGHUP ignored: a service, or under nohup"),
  );

void runProcess();

async function runProcess(): Promise<never> {
  const code = await main(process.argv.slice(2));
  await stdout.flushed(FLUSH_MS);
  return exit(code);
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const found = await findCommand(argv);
    if ("text" in found) {
      stdout.write(found.text);
      return 0;
    }
    const run = await found.command.load();
    const logCrashes = (to: Logger): unknown => (logger = to);
    const program = programOf(process.argv);
    return await run(found.args, {
      env: process.env,
      program,
      stdout,
      complain,
      logCrashes,
      stopped,
    });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) complain(problemLine(problem));
    return 2;
  }
}

async function stopped(): Promise<number | undefined> {
  const isWindows = process.platform === "win32";
  if (isWindows) process.on("SIGHUP", () => setTimeout(exit, CONSOLE_MS, 0));
  const [signal]: unknown[] = await Promise.race(stopSignals.map((name) => once(process, name)));
  // Of a closed terminal the shell sends one SIGHUP, and the kernel another.
  for (const name of stopSignals) process.on(name, () => name === "SIGHUP" || exit(0));
  return isWindows && signal === "SIGHUP" ? CONSOLE_DRAIN_MS : undefined;
}

function exit(code: number): never {
  if (isOnTerminal && !hasTerminal()) leaveTerminal();
  process.exit(code);
}

function complain(line: string): void {
  stderr.write(`openclaw-shim: ${line}\n`);
}

async function fail(error: unknown): Promise<void> {
  const { name, message, stack } = error instanceof Error ? error : new Error("not an Error was thrown");
  const reason = printable(`${name}: ${message}`);
  if (logger?.isLevelEnabled("fatal")) logger.fatal({ event: "crashed", reason, stack }, "crashed");
  else complain(`internal error: ${reason}`);
  await stdout.flushed(FLUSH_MS);
  exit(1);
}
