import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Advice } from "../../errors.ts";
import { runCommand, type Argv } from "./run-command.ts";
import { askShim, gatewayText } from "./service-health.ts";
import type { FileOperation, ServiceRoot } from "./service-root.ts";

/** One step of installing or removing a service. A plan is a list of them, and holds only what has to be changed. */
export type Operation = FileOperation | RunOperation | HealthOperation | Notice;

/** A command that changes something. */
export interface RunOperation {
  readonly kind: "run";
  readonly argv: Argv;
  readonly mayFail?: true;
  /** Wait until this command fails: `argv` returns before it has taken effect. */
  readonly untilFails?: Argv;
  /** What to do instead, if `argv` fails with one of these exit codes. */
  readonly fallback?: { readonly codes: readonly number[]; readonly operations: readonly Operation[] };
}

/** Waits until a shim responds; the advice is for one that does not. */
interface HealthOperation {
  readonly kind: "health";
  readonly address: string;
  readonly advice: Advice;
}

/** A line for the user: a warning or note on stderr, or without a level part of the result on stdout. */
interface Notice extends Partial<Advice> {
  readonly kind: "notice";
  readonly level?: "warning" | "note";
  readonly text: string;
}

/** An operation that failed for a reason in the machine, not in the settings. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly advice: Advice | undefined;

  constructor(message: string, advice?: Advice) {
    super(message);
    this.advice = advice;
  }
}

/** Where the executor works, and how it prints lines. With `dryRun` it only prints. */
export interface ExecutorOptions {
  readonly root: ServiceRoot;
  readonly env: NodeJS.ProcessEnv;
  readonly dryRun: boolean;
  readonly stdout: (line: string) => void;
  readonly stderr: (line: string) => void;
}

const PAST = { write: "wrote", link: "linked", remove: "removed", "remove-folder": "removed" } as const;
/** From the start of the service to its first response, on a busy machine. */
const HEALTH_MS = 15_000;
/** Longer than the LaunchAgent's ExitTimeOut with the default drain. */
const SETTLE_MS = 30_000;
const CHECK_MS = 100;

/**
 * Performs the operations in order and prints one line for each, or prints what it would do.
 *
 * @throws ServiceError if a command fails; system errors
 */
export async function perform(plan: readonly Operation[], options: ExecutorOptions): Promise<void> {
  const { root, dryRun, stdout, stderr } = options;
  for (const operation of plan) {
    if (operation.kind === "notice") {
      const line = withAdvice(operation.text, operation);
      if (operation.level === undefined) stdout(line);
      else stderr(`${operation.level}: ${line}`);
    } else if (dryRun) stdout(`would ${preview(operation, root)}`);
    else if (operation.kind === "run") await run(operation, options);
    else if (operation.kind === "health") stdout(await firstResponse(operation));
    else {
      root.apply(operation);
      stdout(`${PAST[operation.kind]} ${root.shown(operation.path)}`);
    }
  }
}

/** Returns a problem and what to do about it as one line. */
export function withAdvice(text: string, { fix, command }: Partial<Advice> = {}): string {
  return [text, fix === undefined ? "" : `; ${fix}`, command === undefined ? "" : `: ${command}`].join("");
}

/** Makes a plan; a step is false if it is not needed. */
export function planOf(steps: readonly (Operation | false)[]): Operation[] {
  return steps.filter((step) => step !== false);
}

/** Plans the removal of files, and of their folders if nothing else is in them. Other folders get a notice. */
export function removal(paths: readonly string[], root: ServiceRoot): Operation[] {
  const folders = [...new Set(paths.map((path) => dirname(path)))].filter((folder) => root.has(folder));
  return [
    ...root.pending(paths.map((path) => ({ kind: "remove", path }))),
    ...folders.map((path): Operation => {
      const emptied = root.names(path).every((name) => paths.includes(join(path, name)));
      if (emptied) return { kind: "remove-folder", path };
      return { kind: "notice", text: `kept ${root.shown(path)}, which holds files of your own` };
    }),
  ];
}

function preview(operation: Exclude<Operation, Notice>, root: ServiceRoot): string {
  if (operation.kind === "run") return `run ${operation.argv.join(" ")}`;
  if (operation.kind === "health") return `wait until openclaw-shim responds at ${operation.address}`;
  const path = root.shown(operation.path);
  if (operation.kind === "link") return `link ${path} -> ${operation.target}`;
  if (operation.kind !== "write") return `remove ${path}`;
  const { mode, content } = operation;
  const text = typeof content === "string" ? `\n${content.replace(/^(?=.)/gm, "    ").trimEnd()}` : "";
  return `write ${path} (mode ${mode.toString(8).padStart(4, "0")})${text}`;
}

async function run(
  { argv, mayFail, untilFails, fallback }: RunOperation,
  options: ExecutorOptions,
): Promise<void> {
  const line = argv.join(" ");
  const { code, why } = await runCommand(argv, options.env);
  if (code === 0) options.stdout(`ran ${line}`);
  else if (fallback && code !== undefined && fallback.codes.includes(code)) {
    await perform(fallback.operations, options);
  } else if (!mayFail) throw new ServiceError(`"${line}" failed: ${why}`);
  if (untilFails === undefined) return;
  const check = await repeat(
    SETTLE_MS,
    () => runCommand(untilFails, options.env),
    (result) => result.code !== 0,
  );
  if (check.code === 0) throw new ServiceError(`"${line}" had no effect: ${why}`);
}

async function firstResponse({ address, advice }: HealthOperation): Promise<string> {
  const response = await repeat(
    HEALTH_MS,
    () => askShim(address),
    (answer) => "gateway" in answer,
  );
  if ("gateway" in response) return `openclaw-shim responds at ${address}; ${gatewayText(response.gateway)}`;
  throw new ServiceError(`the service is installed but does not run: ${response.problem}`, advice);
}

/** Repeats an action until its result is `done` or `ms` have passed. Returns the last result. */
async function repeat<T>(ms: number, action: () => Promise<T>, done: (result: T) => boolean): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const result = await action();
    if (done(result) || performance.now() > deadline) return result;
    await sleep(CHECK_MS);
  }
}
