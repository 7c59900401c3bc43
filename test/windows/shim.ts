import { copyFileSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { startOnWindows, testFolder, windowsPath, type WindowsOptions, type WindowsProgram } from "./wine.ts";

/** Copies the command (`npm run build`) to where the path has a space, an ampersand and an umlaut. */
export function installedShim(folder: string = testFolder()): string {
  const path = join(folder, "Programme dä", "openclaw-shim.mjs");
  mkdirSync(join(folder, "Programme dä"));
  copyFileSync(resolve("dist/openclaw-shim.mjs"), path);
  return windowsPath(path);
}

/** A shim that runs on Windows, and the port of its first listener. */
export interface WindowsShim extends WindowsProgram {
  readonly port: number;
}

/** Starts `run` on a free port and waits until it listens. */
export async function startShim(
  gateway: string,
  args: readonly string[] = [],
  options: WindowsOptions = {},
): Promise<WindowsShim> {
  const given = ["run", "--listen", "0", "--gateway", gateway, ...args];
  const running = startOnWindows([installedShim(), ...given], options);
  const line = await running.line(/"event":"listening"/);
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
  return { ...running, port };
}
