import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { INSTALL_FLAGS, STATUS_FLAGS, UNINSTALL_FLAGS } from "../../src/cli/command.ts";
import { install, uninstall } from "../../src/commands/service/install-command.ts";
import { launchdService } from "../../src/commands/service/launchd.ts";
import { status } from "../../src/commands/service/status-command.ts";
import { openTestShim } from "../support/shim.ts";
import { commandContext } from "./command-context.ts";

/** A fake Mac: a home, and a launchctl that records its commands. */
export interface Mac {
  readonly home: string;
  /** The port on which a shim responds, as if launchd had started it. */
  readonly port: number;
  readonly plistPath: string;
  /** What is copied on install; a later release has other bytes. */
  program: string;
  readonly said: string[];
  readonly warned: string[];
  /** Runs the command. @returns the exit code */
  install(...args: readonly string[]): Promise<number>;
  uninstall(): Promise<number>;
  /** Returns the command that stops the service. */
  stopCommand(): Promise<string>;
  /** Runs `status --json`. */
  status(): Promise<unknown>;
  /** The commands of launchctl that change something, since the last call. */
  changes(): string[];
  /** The installed plist as Apple's format has it, read by Python's plistlib. */
  plist(): Readonly<Record<string, unknown>>;
}

/** The user's id. */
export const UID = 501;

const PRINT_PLIST = "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";

/** @param options `noScreen`: launchctl's exit code where nobody is logged in at the screen */
export async function startMac({ noScreen = "" }: { readonly noScreen?: string } = {}): Promise<Mac> {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-shim-mac-"));
  const [home, bin, script] = ["home", "bin", "program.mjs"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [home, bin]) mkdirSync(path);
  copyFileSync(join(import.meta.dirname, "launchctl.sh"), join(bin, "launchctl"));
  chmodSync(join(bin, "launchctl"), 0o755);
  const shim = await openTestShim(1);
  onTestFinished(async () => {
    await shim.close();
    rmSync(folder, { recursive: true });
  });

  const calls = join(folder, "calls");
  const said: string[] = [];
  const warned: string[] = [];
  const env = {
    HOME: home,
    PATH: `${bin}:${process.env["PATH"]}`,
    FAKE_LAUNCHCTL: folder,
    NO_SCREEN: noScreen,
  };
  const service = launchdService({ uid: UID, env, home });
  const plistPath = join(home, "Library/LaunchAgents/ai.openclaw.shim.plist");
  const mac: Mac = {
    home,
    port: shim.port,
    plistPath,
    program: "// the first release",
    said,
    warned,
    async install(...args) {
      writeFileSync(script, mac.program);
      return install(commandContext(INSTALL_FLAGS, args, env, { said, warned }), service, script);
    },
    uninstall: () => uninstall(commandContext(UNINSTALL_FLAGS, [], env, { said, warned }), service),
    stopCommand: service.stopCommand,
    status: async () => {
      await status(commandContext(STATUS_FLAGS, ["--json"], env, { said, warned }), service);
      return JSON.parse(said.at(-1) ?? "") as unknown;
    },
    changes: () => {
      const lines = readFileSync(calls, "utf8").trim().split("\n");
      rmSync(calls);
      return lines.filter((line) => !line.startsWith("print "));
    },
    plist: () =>
      JSON.parse(execFileSync("python3", ["-c", PRINT_PLIST, plistPath], { encoding: "utf8" })) as Readonly<
        Record<string, unknown>
      >,
  };
  return mac;
}
