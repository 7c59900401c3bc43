import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { printable } from "../text/printable.ts";
import { readJson5 } from "./small-file.ts";
import { fieldsOf } from "../text/json.ts";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The gateway's default port (docs/gateway/index.md of OpenClaw). */
export const GATEWAY_PORT = 18_789;
const TILDE = /^~(?=$|[\\/])/;

/**
 * Reads OpenClaw's config from where OpenClaw 2026.9.6 looks for it (dist/paths-*.mjs, resolveCanonicalConfigPath):
 * `OPENCLAW_CONFIG_PATH`, else `openclaw.json` in `OPENCLAW_STATE_DIR` or `~/.openclaw`; `~` is `OPENCLAW_HOME`, `HOME`,
 * `USERPROFILE` or the user's home.
 *
 * @returns neither `object` nor `why` if the file does not exist; `why` is the end of the sentence `FILE …`, `owner` the
 *   owner's uid if this user may not read it, `shownPath` the path for messages
 */
export function readOpenclawConfig(env: Environment) {
  const path = openclawConfigPath(env);
  if (path === undefined) return { shownPath: "~/.openclaw/openclaw.json" };
  const shownPath = printable(path, 120);
  const file = readJson5(path);
  if ("object" in file) return { shownPath, object: file.object };
  if (file.missing) return { shownPath };
  return { shownPath, why: file.why, owner: file.denied ? ownerOf(path) : undefined };
}

/** Returns the uid of the owner of OpenClaw's config; undefined if there is none. */
export function configOwner(env: Environment): number | undefined {
  const path = openclawConfigPath(env);
  return path !== undefined && existsSync(path) ? statSync(path).uid : undefined;
}

/** Returns the uid of a file's owner, or of its folder's if the file itself cannot be examined. */
function ownerOf(path: string): number | undefined {
  for (const candidate of [path, dirname(path)]) {
    try {
      return statSync(candidate).uid;
    } catch {
      // Try the folder.
    }
  }
  return undefined;
}

/** Returns the path of `openclaw.json`; undefined if neither the environment nor a home gives one. */
export function openclawConfigPath(env: Environment): string | undefined {
  const given = env["OPENCLAW_CONFIG_PATH"]?.trim();
  if (given) return expanded(given, env);
  const state = openclawStateDir(env);
  return state === undefined ? undefined : join(state, "openclaw.json");
}

/** Returns OpenClaw's state directory: `OPENCLAW_STATE_DIR`, else `.openclaw` in its home; undefined without a home. */
export function openclawStateDir(env: Environment): string | undefined {
  const given = env["OPENCLAW_STATE_DIR"]?.trim();
  if (given) return expanded(given, env);
  const home = homeOf(env);
  return home === undefined ? undefined : join(home, ".openclaw");
}

function expanded(path: string, env: Environment): string {
  return resolve(path.replace(TILDE, () => homeOf(env) ?? "~"));
}

/** Returns OpenClaw's home (dist/home-dir-*.mjs, resolveEffectiveHomeDir); a service user may have none. */
function homeOf(env: Environment): string | undefined {
  const home = env["OPENCLAW_HOME"]?.trim();
  return home ? resolve(home.replace(TILDE, () => userHome(env) ?? "~")) : userHome(env);
}

function userHome(env: Environment): string | undefined {
  const home = env["HOME"]?.trim() || env["USERPROFILE"]?.trim();
  if (home) return home;
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

/** Returns a member that is an object, else an empty one. */
export function section(
  object: Readonly<Record<string, unknown>> | undefined,
  name: string,
): Readonly<Record<string, unknown>> {
  return fieldsOf(object?.[name]);
}

/** Returns true for a port number that a server can have. */
export function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/**
 * Reads `OPENCLAW_GATEWAY_PORT` as OpenClaw 2026.9 does: `18789`, `127.0.0.1:18789` or `[::1]:18789`, and no other text
 * (dist/paths-*.mjs, parseGatewayPortEnvValue). Before 2026.4 it reads the number that the text begins with.
 */
export function gatewayPortVariable(env: Environment): number | undefined {
  const [, digits] = /^(?:\[[^\]]+\]:|[^:]+:)?(\d+)$/.exec(env["OPENCLAW_GATEWAY_PORT"]?.trim() ?? "") ?? [];
  const port = Number(digits);
  return isPort(port) ? port : undefined;
}
