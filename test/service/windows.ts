import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { INSTALL_FLAGS, STATUS_FLAGS, UNINSTALL_FLAGS } from "../../src/cli/command.ts";
import { install, uninstall } from "../../src/commands/service/install-command.ts";
import { status } from "../../src/commands/service/status-command.ts";
import { taskService } from "../../src/commands/service/windows-task.ts";
import { commandContext } from "./command-context.ts";

/** A fake Windows: a user's folder, and a schtasks.exe that runs the launcher of a task. */
export interface Windows {
  /** %LOCALAPPDATA%\openclaw-shim. */
  readonly folder: string;
  /** What is copied on install. */
  program: string;
  readonly said: string[];
  readonly warned: string[];
  /** Runs the command. @returns the exit code */
  install(...args: readonly string[]): Promise<number>;
  uninstall(): Promise<number>;
  /** Runs `status --json`. */
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** The commands of schtasks that change something, since the last call. */
  changes(): string[];
  /** Runs the task once more. */
  runAgain(): void;
  /** What the launcher did. */
  launched(): string[];
  /** The registered task: the path of each element, without the root, and its text. */
  task(): Readonly<Record<string, string>>;
}

export const TASK = "openclaw-shim-WERK-Jörg & Söhne";

const PRINT_TASK = `
import json, sys, xml.etree.ElementTree as tree
def texts(element, path):
    for child in element:
        name = path + [child.tag.split("}")[1]]
        if len(child): yield from texts(child, name)
        else: yield "/".join(name), child.text
print(json.dumps(dict(texts(tree.parse(sys.argv[1]).getroot(), []))))`;

/** @param program the file to install; tests may change it */
export function startWindows(program: string): Windows {
  // Short: the path of a Unix domain socket has at most 107 bytes.
  const root = mkdtempSync(join(tmpdir(), "shim-"));
  const env = {
    LOCALAPPDATA: join(root, "Jörg & Co"),
    SystemRoot: root,
    USERDOMAIN: "WERK",
    USERNAME: "Jörg & Söhne",
    FAKE_WINDOWS: root,
    FAKE_WSCRIPT: `${process.execPath} ${join(import.meta.dirname, "wscript.mjs")}`,
    PATH: process.env["PATH"],
  };
  mkdirSync(join(root, "System32"));
  const schtasks = join(root, "System32", "schtasks.exe");
  copyFileSync(join(import.meta.dirname, "schtasks.sh"), schtasks);
  chmodSync(schtasks, 0o755);
  const said: string[] = [];
  const warned: string[] = [];
  const service = taskService({ uid: undefined, env, home: root });
  const lines = (name: string): string[] => {
    const path = join(root, name);
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  };
  const windows: Windows = {
    folder: join(env.LOCALAPPDATA, "openclaw-shim"),
    program,
    said,
    warned,
    install: (...args) =>
      install(commandContext(INSTALL_FLAGS, args, env, { said, warned }), service, windows.program),
    uninstall: () => uninstall(commandContext(UNINSTALL_FLAGS, [], env, { said, warned }), service),
    status: async () => {
      await status(commandContext(STATUS_FLAGS, ["--json"], env, { said, warned }), service);
      return JSON.parse(said.at(-1) ?? "") as Readonly<Record<string, unknown>>;
    },
    changes: () => {
      const calls = lines("calls");
      rmSync(join(root, "calls"), { force: true });
      return calls.filter((line) => !line.startsWith("/query "));
    },
    runAgain: () => void execFileSync(schtasks, ["/run", "/tn", TASK], { env }),
    launched: () => lines("launched"),
    task: () =>
      JSON.parse(
        execFileSync("python3", ["-c", PRINT_TASK, join(root, "tasks", TASK)], { encoding: "utf8" }),
      ) as Readonly<Record<string, string>>,
  };
  onTestFinished(async () => {
    await windows.uninstall();
    // The launcher may still be writing what it does.
    rmSync(root, { recursive: true, maxRetries: 5 });
  });
  return windows;
}
