import type { ProxyProgram } from "./program.ts";

/** The shim, logging JSON lines into a pipe as a daemon does. */
export function shim(name: string, file: string): ProxyProgram {
  return {
    name,
    version: `${file} on Node ${process.version}`,
    command: ({ listen, gateway }) => [
      process.execPath,
      file,
      "run",
      "--listen",
      `127.0.0.1:${listen}`,
      "--gateway",
      `ws://127.0.0.1:${gateway}`,
      "--max-connections",
      "4096",
      "--log-format",
      "json",
    ],
  };
}
