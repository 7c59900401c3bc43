import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A program to measure. */
export interface ProxyProgram {
  /** Title of the column. */
  readonly name: string;
  /** Exact version; undefined if it is not installed. */
  readonly version: string | undefined;
  /** Path of the shim's bundle, for its other commands. */
  readonly bundle?: string;
  /**
   * Writes the program's configuration.
   *
   * @returns the command line of one foreground process
   */
  command(setup: ProxySetup): readonly [file: string, ...args: string[]];
}

/** Ports of 127.0.0.1, and a folder for one proxy. */
export interface ProxySetup {
  readonly listen: number;
  readonly gateway: number;
  /** An empty folder. */
  readonly dir: string;
}

/** Fields to delete, for proxies that cannot delete by prefix: sent by the load generator or read by OpenClaw. */
export const FORWARDING_FIELDS = [
  "Forwarded",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Proto",
  "X-Forwarded-Server",
  "X-Real-IP",
  "Via",
  "True-Client-IP",
  "X-Client-IP",
  "CF-Connecting-IP",
  "Tailscale-User-Login",
] as const;

/** Returns the first line of `file flag`; undefined if `file` is not installed. */
export function firstLineOf(file: string, flag: string): string | undefined {
  try {
    // nginx prints it on stderr.
    const out = execFileSync("sh", ["-c", '"$0" "$1" 2>&1', file, flag], { env: systemPath() });
    return out.toString().split("\n", 1)[0];
  } catch {
    return undefined;
  }
}

/** Returns the environment with the folders of daemons in PATH, which Debian has only for root. */
export function systemPath(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` };
}

/** Returns the path of a program that run.mjs has bundled. */
export function bundled(name: string): string {
  return fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
}
