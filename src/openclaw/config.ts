import { statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { printable } from "../text/printable.ts";
import { readJson5 } from "./json5-file.ts";
import { isRecord } from "../text/json.ts";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The gateway's default port (docs/gateway/index.md of OpenClaw). */
export const GATEWAY_PORT = 18_789;

/** OpenClaw's own config, as far as it could be read; no object where there is no file. */
export interface OpenclawConfig {
  /** For messages. */
  readonly shownPath: string;
  readonly object?: Readonly<Record<string, unknown>>;
  /** Why a file that is there cannot be used, as the end of the sentence `FILE …`. */
  readonly why?: string;
  /** Whose it is, where this user may not read it. */
  readonly owner?: number;
}

/**
 * Reads OpenClaw's config from where OpenClaw 2026.9.6 looks for it (dist/paths-*.mjs, resolveCanonicalConfigPath):
 * `OPENCLAW_CONFIG_PATH`, else `openclaw.json` in `OPENCLAW_STATE_DIR` or `~/.openclaw`.
 */
export function readOpenclawConfig(env: Environment): OpenclawConfig {
  const path = openclawConfigPath(env);
  if (path === undefined) return { shownPath: "~/.openclaw/openclaw.json" };
  const shownPath = printable(path, 120);
  const file = readJson5(path);
  if ("object" in file) return { shownPath, object: file.object };
  if (file.missing) return { shownPath };
  const owner = file.denied ? ownerOf(path) : undefined;
  return { shownPath, why: file.why, ...(owner !== undefined && { owner }) };
}

/** The uid of a file that may not be read; where not even it may be looked at, that of the folder above. */
function ownerOf(path: string): number | undefined {
  for (const place of [path, dirname(path)]) {
    try {
      return statSync(place).uid;
    } catch {
      // Perhaps the folder tells.
    }
  }
  return undefined;
}

/** The path of `openclaw.json`; undefined where neither the environment nor a home says it. */
export function openclawConfigPath(env: Environment): string | undefined {
  const given = env["OPENCLAW_CONFIG_PATH"]?.trim();
  if (given) return expanded(given, env);
  const state = openclawStateDir(env);
  return state === undefined ? undefined : join(state, "openclaw.json");
}

/** OpenClaw's state directory: `OPENCLAW_STATE_DIR`, else `.openclaw` in its home; undefined where it has none. */
export function openclawStateDir(env: Environment): string | undefined {
  const given = env["OPENCLAW_STATE_DIR"]?.trim();
  if (given) return expanded(given, env);
  const home = homeOf(env);
  return home === undefined ? undefined : join(home, ".openclaw");
}

function expanded(path: string, env: Environment): string {
  return resolve(path.replace(/^~(?=$|\/)/, () => homeOf(env) ?? "~"));
}

/** OpenClaw's home: `OPENCLAW_HOME`, `HOME`, or the user's; a service user may have none. */
function homeOf(env: Environment): string | undefined {
  const home = env["OPENCLAW_HOME"]?.trim() || env["HOME"]?.trim();
  if (home) return home;
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

/** A member that is an object; an empty one for all else. */
export function section(
  object: Readonly<Record<string, unknown>> | undefined,
  name: string,
): Readonly<Record<string, unknown>> {
  const value = object?.[name];
  return isRecord(value) ? value : {};
}

/** Returns true for a port number that a server can have. */
export function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/**
 * Reads `OPENCLAW_GATEWAY_PORT`: `18789`, `127.0.0.1:18789` or `[::1]:18789`. OpenClaw ignores every other text
 * (dist/paths-*.mjs, parseGatewayPortEnvValue).
 */
export function gatewayPortVariable(env: Environment): number | undefined {
  const [, digits] = /^(?:\[[^\]]+\]:|[^:]+:)?(\d+)$/.exec(env["OPENCLAW_GATEWAY_PORT"]?.trim() ?? "") ?? [];
  const port = Number(digits);
  return isPort(port) ? port : undefined;
}
