import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../../text/printable.ts";
import type { CommandContext, UNINSTALL_FLAGS } from "../../cli/command.ts";
import { firstResponse } from "./service-health.ts";
import { apply, pending, type FileOperation } from "./service-root.ts";
import { NAME } from "./service-settings.ts";
import type { Scope } from "./find-service.ts";

/** One step of installing or removing a service. A plan is a list of them, and holds only what has to be changed. */
export type Operation =
  | FileOperation
  | {
      readonly kind: "run";
      readonly argv: readonly string[];
      readonly mayFail?: true;
      /** Wait until this command fails: `argv` returns before it has taken effect. */
      readonly untilFails?: readonly string[];
      /** What to do instead, if `argv` exits with one of these codes. */
      readonly fallback?: { readonly codes: readonly number[]; readonly plan: readonly Operation[] };
    }
  /** Asks the shim of a Scheduled Task to drain, and waits until it has ended, for at most `ms`. */
  | { readonly kind: "stop"; readonly control: string; readonly ms: number }
  /** Waits until a shim responds; `command` prints the log of one that does not. */
  | { readonly kind: "health"; readonly address: string; readonly command: string }
  /** A line for the user: a warning, or a part of the result. */
  | { readonly kind: "message"; readonly level?: "warning"; readonly text: string };

const OWN_FOLDER = /[/\\]openclaw-shim[^/\\]*$/;
const LIMITS = { timeout: 60_000, killSignal: "SIGKILL", maxBuffer: 1024 * 1024 } as const;
/** Longer than the LaunchAgent's ExitTimeOut with the default drain. */
const SETTLE_MS = 30_000;
const CHECK_MS = 100;

/**
 * Performs the operations in order and prints one line for each; with `--dry-run` it only prints what it would do.
 *
 * @throws Error if a command fails; system errors
 */
export async function perform(
  plan: readonly Operation[],
  scope: Pick<Scope, "root" | "env">,
  context: CommandContext<typeof UNINSTALL_FLAGS>,
): Promise<void> {
  const { root, env } = scope;
  const say = (line: string): void => void context.stdout.write(`${line}\n`);
  for (const operation of plan) {
    if (operation.kind === "message") {
      if (operation.level) context.complain(`${operation.level}: ${operation.text}`);
      else say(operation.text);
    } else if (context.flags.dryRun) say(`would ${preview(operation, root)}`);
    else if (operation.kind === "health") say(await firstResponse(operation.address, operation.command));
    else if (operation.kind === "stop") {
      const { stopRunning } = await import("./stop-pipe.ts");
      if (await stopRunning(operation.control, operation.ms)) say("stopped openclaw-shim, which drained");
    } else if (operation.kind === "run") {
      const { argv, mayFail, untilFails, fallback } = operation;
      const line = argv.join(" ");
      const { code = -1, why } = await runCommand(argv, env);
      if (code === 0) say(`ran ${line}`);
      else if (fallback?.codes.includes(code)) await perform(fallback.plan, scope, context);
      else if (!mayFail) throw new Error(`"${line}" failed: ${why}`);
      const deadline = performance.now() + SETTLE_MS;
      const hasSettled = async () => !untilFails || (await runCommand(untilFails, env)).code !== 0;
      while (!(await hasSettled())) {
        if (performance.now() > deadline) throw new Error(`"${line}" had no effect: ${why}`);
        await sleep(CHECK_MS);
      }
    } else {
      const result = apply(root, operation);
      const why = result === "kept" ? ", which holds files of your own" : "";
      say(`${result} ${join(root, operation.path)}${why}`);
    }
  }
}

/** Plans the removal of files, and of the shim's own folders that they are in. */
export function removal(root: string, paths: readonly string[]) {
  const folders = [...new Set(paths.map((path) => dirname(path)))].filter((path) => OWN_FOLDER.test(path));
  return pending<FileOperation>(root, [
    ...paths.map((path) => ({ kind: "remove", path }) as const),
    ...folders.map((path) => ({ kind: "remove-folder", path }) as const),
  ]);
}

/** Runs a program and waits until it ends. Never throws; `code` is undefined if it did not run or was killed. */
export function runCommand([program = "", ...args]: readonly string[], env: NodeJS.ProcessEnv) {
  return new Promise<{ code: number | undefined; stdout: string; why: string }>((resolve) => {
    execFile(program, args, { ...LIMITS, env }, (error, stdout, stderr) => {
      const code = error?.code ?? (error ? undefined : 0);
      const ended = typeof code === "string" ? `cannot be run (${code})` : (error?.signal ?? `exit ${code}`);
      const why = `${program}: ${printable(stderr.trim().split("\n").at(-1) ?? "") || ended}`;
      resolve({ code: typeof code === "string" ? undefined : code, stdout, why });
    });
  });
}

/**
 * Returns the last line that a service wrote to stderr; undefined if there is none.
 *
 * @param log the end of its log, in which stdout has JSON objects only
 */
export function lastStderrLine(log: string): string | undefined {
  const lines = log.split("\n").map((line) => printable(line.trim(), 400));
  const own = lines.findLast((line) => line.startsWith(`${NAME}: `));
  // After an uncaught error, Node prints its stack and version.
  return own ?? lines.findLast((line) => line !== "" && !/^\{|^at |^Node\.js v/.test(line));
}

function preview(operation: Exclude<Operation, { readonly kind: "message" }>, root: string): string {
  if (operation.kind === "run") return `run ${operation.argv.join(" ")}`;
  if (operation.kind === "health") return `wait until openclaw-shim responds at ${operation.address}`;
  if (operation.kind === "stop") return "stop openclaw-shim, which drains";
  const path = join(root, operation.path);
  if (operation.kind === "remove") return `remove ${path}`;
  if (operation.kind === "remove-folder") return `remove ${path} if nothing else is in it`;
  if (operation.kind === "link") return `link ${path} -> ${operation.target}`;
  const { mode, content } = operation;
  const text = typeof content === "string" ? `\n${content.replace(/^(?=.)/gm, "    ").trimEnd()}` : "";
  return `write ${path} (mode ${mode.toString(8).padStart(4, "0")})${text}`;
}
