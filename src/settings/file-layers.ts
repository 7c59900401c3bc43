import { reaches, type HostPort } from "../net/authority.ts";
import {
  GATEWAY_PORT,
  gatewayPortVariable,
  isPort,
  readOpenclawConfig,
  section,
  type Environment,
} from "../openclaw/config.ts";
import { readJson5 } from "../openclaw/small-file.ts";
import { printable } from "../text/printable.ts";
import { readMembers, type Layer } from "./layers.ts";
import { flagName } from "./setting-row.ts";
import { SETTING_ROWS } from "./settings.ts";

// The sources in files. Loaded only if needed: `run` with all settings as flags or variables reads no file.

const HOST = "127.0.0.1";

/**
 * Reads a settings file: one JSON5 object whose keys are flag names (`max-connections`) or the library's
 * (`maxConnections`).
 *
 * @param setting the setting that names the file, as the user wrote it
 */
export function readSettingsFile(path: string, setting: string): Layer {
  const shown = printable(path, 120);
  const file = readJson5(path);
  if ("why" in file) return { given: new Map(), problems: [{ setting, problem: `${shown} ${file.why}` }] };
  const rows = SETTING_ROWS.filter(([, { scope }]) => scope !== "cli");
  return readMembers(file.object, { rows, nameOf: flagName }, ` in ${shown}`);
}

/**
 * Reads the gateway's address from OpenClaw's own settings: `OPENCLAW_GATEWAY_PORT`, else `gateway.port` of its config
 * (the same precedence as in OpenClaw, docs/gateway/index.md), with `gateway.tls.enabled` as `wss`. A layer with a
 * problem has what the variable gives.
 *
 * @param listeners addresses of the shim: an `OPENCLAW_GATEWAY_PORT` that leads to one of them is set for the tools of
 *   this shell, which use the shim, and does not name the gateway
 */
export function readOpenclaw(env: Environment, listeners: readonly HostPort[]): Layer {
  const { shownPath, object, why, owner } = readOpenclawConfig(env);
  const gateway = section(object, "gateway");
  const tls = section(gateway, "tls")["enabled"] === true;
  const variable = gatewayPortVariable(env);
  const isOwn = listeners.some((bound) => reaches({ host: HOST, port: variable ?? 0 }, bound));
  const isNamed = variable !== undefined && !isOwn;
  const port = isNamed ? variable : gateway["port"];
  let problem = why && `${shownPath} ${why}`;
  if (port === undefined && (gateway["$include"] ?? object?.["$include"]) !== undefined) {
    problem = `${shownPath} has no gateway.port itself, and the shim does not follow $include`;
  } else if (port !== undefined && !isPort(port)) {
    problem = `gateway.port in ${shownPath} is not a port from 1 to 65535`;
  }
  const from = isNamed ? "OPENCLAW_GATEWAY_PORT" : `gateway in ${shownPath}`;
  const url = `${tls ? "wss" : "ws"}://${HOST}:${isPort(port) ? port : GATEWAY_PORT}`;
  const fix = owner === undefined ? "correct it" : `run it as the owner of that file (uid ${owner})`;
  const about = { setting: "OpenClaw's config", fix: `${fix}, or give --gateway URL` };
  return {
    given: new Map(isPort(port) || tls ? [["gateway", { from, texts: [url] }]] : []),
    problems: problem === undefined ? [] : [{ ...about, problem }],
  };
}
