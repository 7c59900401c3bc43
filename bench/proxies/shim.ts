import { resolve } from "node:path";
import { PUBLIC_HOST } from "../load/wire.ts";
import type { ProxyProgram } from "./program.ts";

/** The shim, as a service runs it, logging JSON lines into a pipe. */
export function shim(name: string, file: string): ProxyProgram {
  return {
    name,
    bundle: resolve(file),
    version: `${file} on Node ${process.version}`,
    command: ({ listen, gateway }) => [
      process.execPath,
      file,
      "run",
      "--listen",
      `127.0.0.1:${listen}`,
      "--gateway",
      `ws://127.0.0.1:${gateway}`,
      // The load generator's public name: plain HTTP needs it, WebSockets of tools do not.
      "--allow-host",
      PUBLIC_HOST,
      "--max-connections",
      "4096",
      "--log-format",
      "json",
    ],
  };
}
