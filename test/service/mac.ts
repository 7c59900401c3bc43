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
import { COMMANDS } from "../../src/commands/command-table.ts";
import { installService } from "../../src/commands/service/install.ts";
import { serviceStatus, type ServiceStatus } from "../../src/commands/service/status.ts";
import { uninstallService } from "../../src/commands/service/uninstall.ts";
import type { Caller } from "../../src/commands/service/caller.ts";
import type { CommandFlag } from "../../src/settings/flags.ts";
import { openTestShim } from "../support/shim.ts";

/** As much of a Mac as the LaunchAgent meets: a home, and a launchctl that writes down what it is asked. */
export interface Mac {
  readonly home: string;
  /** The port on which a shim answers, as if launchd had started it. */
  readonly port: number;
  readonly plistPath: string;
  /** What is copied on install; a later release has other bytes. */
  program: string;
  readonly said: string[];
  readonly warned: string[];
  install(...args: readonly string[]): Promise<void>;
  uninstall(...args: readonly string[]): Promise<void>;
  status(): Promise<ServiceStatus>;
  /** What launchctl was asked to change since the last time, one command a line. */
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
  const caller: Caller = {
    platform: "darwin",
    uid: UID,
    env: { HOME: home, PATH: `${bin}:${process.env["PATH"]}`, FAKE_LAUNCHCTL: folder, NO_SCREEN: noScreen },
    execPath: process.execPath,
    say: (line) => void said.push(line),
    warn: (line) => void warned.push(line),
    note: (line) => void warned.push(line),
  };
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
      await installService(args, flagsOf("install"), script, caller);
    },
    uninstall: (...args) => uninstallService(args, flagsOf("uninstall"), caller),
    status: () => serviceStatus([], flagsOf("status"), caller),
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

function flagsOf(name: string): readonly CommandFlag[] {
  return COMMANDS.find((command) => command.name === name)?.flags ?? [];
}
