import { dirname } from "node:path";
import { runCommand, type Command, type CommandResult } from "./run-command.ts";
import type { Root, ServiceFile } from "./root.ts";

/** Does what `install` and `uninstall` decide on, or only says what it would be. */
export interface Executor {
  /** Only says it: nothing that `run` or `attempt` asked for will come about. */
  readonly dry: boolean;
  /** Makes a file be as it should. @returns whether it was not */
  write(file: ServiceFile): boolean;
  /** Makes a symbolic link. @returns whether it was not there */
  link(path: string, target: string): boolean;
  /** Removes a file or link. @returns whether it was there */
  remove(path: string): boolean;
  /** Removes a folder with nothing in it. @returns whether something else is in it, so that it stays */
  removeFolder(path: string): boolean;
  /** A path as one finds it from here, for people. */
  shown(path: string): string;
  /** Whether something is there. */
  has(path: string): boolean;
  /** Runs a command that changes something. Its failure is in the result. */
  attempt(command: Command): Promise<CommandResult>;
  /** The same, where a failure is the end. @throws CommandError */
  run(command: Command): Promise<void>;
  /** Runs a command that changes nothing. */
  ask(command: Command): Promise<CommandResult>;
  /** A line on stdout. */
  say(line: string): void;
}

/** A command that failed; the message says which, and its own words. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: number | undefined;

  constructor(command: Command, { code, why }: CommandResult) {
    super(`"${command.join(" ")}" failed: ${why}`);
    this.code = code;
  }
}

/** What an executor works with. */
export interface ExecutorParts {
  readonly root: Root;
  /** The environment of the commands. */
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

/** Does it, and says what. */
export function realExecutor({ root, env, say }: ExecutorParts): Executor {
  const attempt = async (command: Command): Promise<CommandResult> => {
    const result = await runCommand(command, env);
    if (result.code === 0) say(`ran ${command.join(" ")}`);
    return result;
  };
  return {
    dry: false,
    say,
    write(file) {
      if (root.holds(file)) return false;
      root.write(file);
      say(`wrote ${root.shown(file.path)}`);
      return true;
    },
    link(path, target) {
      if (root.isLink(path, target)) return false;
      root.link(path, target);
      say(`linked ${root.shown(path)}`);
      return true;
    },
    remove(path) {
      if (!root.has(path)) return false;
      root.remove(path);
      say(`removed ${root.shown(path)}`);
      return true;
    },
    removeFolder: (path) => root.removeEmpty(path),
    shown: (path) => root.shown(path),
    has: (path) => root.has(path),
    attempt,
    run: async (command) => check(command, await attempt(command)),
    ask: (command) => runCommand(command, env),
  };
}

/** Changes nothing: says what it would do, and shows the files. */
export function dryExecutor({ root, env, say }: ExecutorParts): Executor {
  const attempt = (command: Command): Promise<CommandResult> => {
    say(`would run ${command.join(" ")}`);
    return Promise.resolve({ code: 0, stdout: "", why: "" });
  };
  return {
    dry: true,
    say,
    write(file) {
      if (root.holds(file)) return false;
      say(`would write ${root.shown(file.path)} (mode ${file.mode.toString(8).padStart(4, "0")})`);
      if (typeof file.content === "string") say(file.content.replace(/^(?=.)/gm, "    ").trimEnd());
      return true;
    },
    link(path, target) {
      if (root.isLink(path, target)) return false;
      say(`would link ${root.shown(path)} -> ${target}`);
      return true;
    },
    remove(path) {
      const there = root.has(path);
      if (there) say(`would remove ${root.shown(path)}`);
      return there;
    },
    removeFolder: () => false,
    shown: (path) => root.shown(path),
    has: (path) => root.has(path),
    attempt,
    run: async (command) => check(command, await attempt(command)),
    ask: (command) => runCommand(command, env),
  };
}

function check(command: Command, result: CommandResult): void {
  if (result.code !== 0) throw new CommandError(command, result);
}

/**
 * Removes files, and the folders that were made for them; one in which something else is left stays, and that is said.
 *
 * @returns whether any file was there
 */
export function removeWithFolders(paths: readonly (string | undefined)[], executor: Executor): boolean {
  const known = paths.filter((path) => path !== undefined);
  const removed = known.map((path) => executor.remove(path));
  for (const folder of new Set(known.map((path) => dirname(path)))) {
    if (executor.removeFolder(folder))
      executor.say(`kept ${executor.shown(folder)}, which holds files of your own`);
  }
  return removed.includes(true);
}
