import { statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { printable } from "../text/printable.ts";
import { reaches } from "../settings/address-rules.ts";
import type { Environment } from "../settings/environment.ts";
import { GATEWAY_PORT } from "../settings/addresses.ts";
import { readJson5 } from "./json5-file.ts";
import { isRecord } from "../text/json.ts";
import type { Layer } from "../settings/layer.ts";
import type { ListenAddress } from "../settings/settings.ts";

const HOST = "127.0.0.1";
const PROBLEM = "OpenClaw's config: ";

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

/**
 * The gateway's address as OpenClaw's own settings have it: `OPENCLAW_GATEWAY_PORT`, else `gateway.port` of its
 * config (the same precedence as in OpenClaw, docs/gateway/index.md), with `gateway.tls.enabled` as `wss`.
 *
 * @param listeners where the shim listens: an `OPENCLAW_GATEWAY_PORT` that leads there is meant for the tools of this
 *   shell, which are to use the shim, and says nothing of the gateway
 */
export function readOpenclaw(env: Environment, listeners: readonly ListenAddress[] = []): Layer {
  const { shownPath, object, why, owner } = readOpenclawConfig(env);
  const fix = owner === undefined ? undefined : `run it as the owner of that file (uid ${owner})`;
  if (why !== undefined) return broken(`${shownPath} ${why}`, fix);
  const gateway = section(object, "gateway");
  const tls = section(gateway, "tls")["enabled"] === true;
  const given = environmentPort(env["OPENCLAW_GATEWAY_PORT"]);
  const isOwn = listeners.some((bound) => reaches({ host: HOST, port: given ?? 0 }, bound));
  const variable = isOwn ? undefined : given;
  const member = gateway["port"];
  if (
    variable === undefined &&
    member === undefined &&
    (gateway["$include"] ?? object?.["$include"]) !== undefined
  ) {
    return broken(`${shownPath} has no gateway.port itself, and the shim does not follow $include`);
  }
  if (variable === undefined && member !== undefined && !isPort(member)) {
    return broken(`gateway.port in ${shownPath} is not a port from 1 to 65535`);
  }
  const configured = isPort(member) ? member : undefined;
  const port = variable ?? configured;
  if (port === undefined && !tls) return { given: new Map(), problems: [] };
  const from = variable === undefined ? `gateway in ${shownPath}` : "OPENCLAW_GATEWAY_PORT";
  const url = `${tls ? "wss" : "ws"}://${HOST}:${port ?? GATEWAY_PORT}`;
  return { given: new Map([["gateway", { from, texts: [url] }]]), problems: [] };
}

function broken(why: string, fix = "mend it"): Layer {
  return { given: new Map(), problems: [`${PROBLEM}${why}; ${fix}, or give --gateway URL`] };
}

/** What is wrong with OpenClaw's config, without the fix; undefined where a problem of settings is another one. */
export function openclawProblem(problem: string): string | undefined {
  return problem.startsWith(PROBLEM) ? problem.slice(0, problem.lastIndexOf("; ")) : undefined;
}

/** A member that is an object; an empty one for all else. */
export function section(
  object: Readonly<Record<string, unknown>> | undefined,
  name: string,
): Readonly<Record<string, unknown>> {
  const value = object?.[name];
  return isRecord(value) ? value : {};
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

// `18789`, `127.0.0.1:18789` or `[::1]:18789`; OpenClaw ignores all else (dist/paths-*.mjs, parseGatewayPortEnvValue).
function environmentPort(text: string | undefined): number | undefined {
  const [, digits] = /^(?:\[[^\]]+\]:|[^:]+:)?(\d+)$/.exec(text?.trim() ?? "") ?? [];
  const port = Number(digits);
  return isPort(port) ? port : undefined;
}
