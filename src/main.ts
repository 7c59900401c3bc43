import { once } from "node:events";
import { findCommand } from "./commands/command-table.ts";
import { flushed } from "./log/logger.ts";
import { problemLine, SettingsError } from "./settings/settings-error.ts";
import { programOf } from "./cli/program.ts";
import { printable } from "./text/printable.ts";

const FLUSH_MS = 1_000;

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
process.on("SIGHUP", () => {});
// A reader that disconnected (EPIPE) must not end the daemon.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

const code = await main(process.argv.slice(2));
await flushed(process.stdout, FLUSH_MS);
process.exit(code);

async function main(argv: readonly string[]): Promise<number> {
  try {
    const { env, stdout } = process;
    const found = await findCommand(argv);
    if ("text" in found) {
      stdout.write(found.text);
      return 0;
    }
    const run = await found.command.load();
    return await run(found.args, { env, program: programOf(process.argv), stdout, complain, stopped });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) complain(problemLine(problem));
    return 2;
  }
}

async function stopped(): Promise<void> {
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
}

function complain(line: string): void {
  process.stderr.write(`openclaw-shim: ${line}\n`);
}

function fail(error: unknown): never {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : "unknown";
  complain(`internal error: ${printable(what)}`);
  process.exit(1);
}
