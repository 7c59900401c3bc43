import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A program that is measured: how to start it. */
export interface ProxyProgram {
  /** The column's head. */
  readonly name: string;
  /** What it is exactly, or undefined where it is not installed. */
  readonly version: string | undefined;
  /**
   * Writes the configuration that it needs.
   *
   * @param at.dir an empty folder of its own
   * @returns the command line: one process in the foreground that listens on `at.listen` of 127.0.0.1
   */
  command(at: Place): readonly [file: string, ...args: string[]];
}

/** Where a proxy listens and what it forwards to: ports of 127.0.0.1. */
export interface Place {
  readonly listen: number;
  readonly gateway: number;
  readonly dir: string;
}

/** Deleted where a proxy knows no prefixes: what the load generator sends, and more that OpenClaw reads. */
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

/** The first line of what `file --version` or the like prints; undefined where it is not installed. */
export function firstLineOf(file: string, flag: string): string | undefined {
  try {
    // nginx answers on stderr.
    const out = execFileSync("sh", ["-c", '"$0" "$1" 2>&1', file, flag], { env: systemPath() });
    return out.toString().split("\n", 1)[0];
  } catch {
    return undefined;
  }
}

/** Debian keeps daemons where only root's PATH leads. */
export function systemPath(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` };
}

/** A program that run.mjs has bundled beside the main one. */
export function bundled(name: string): string {
  return fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
}
