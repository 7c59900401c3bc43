import { reaches, type HostPort } from "../net/authority.ts";
import {
  GATEWAY_PORT,
  gatewayPortVariable,
  isPort,
  readOpenclawConfig,
  section,
  type Environment,
} from "../openclaw/config.ts";
import type { Layer } from "./setting-row.ts";

const HOST = "127.0.0.1";

/**
 * Reads the gateway's address from OpenClaw's own settings: `OPENCLAW_GATEWAY_PORT`, else `gateway.port` of its config
 * (the same precedence as in OpenClaw, docs/gateway/index.md), with `gateway.tls.enabled` as `wss`.
 *
 * @param listeners addresses of the shim: an `OPENCLAW_GATEWAY_PORT` that leads to one of them is set for the tools of
 *   this shell, which use the shim, and does not name the gateway
 */
export function readOpenclaw(env: Environment, listeners: readonly HostPort[]): Layer {
  const { shownPath, object, why, owner } = readOpenclawConfig(env);
  const fix = owner === undefined ? undefined : `run it as the owner of that file (uid ${owner})`;
  if (why !== undefined) return broken(`${shownPath} ${why}`, fix);
  const gateway = section(object, "gateway");
  const tls = section(gateway, "tls")["enabled"] === true;
  const given = gatewayPortVariable(env);
  const isOwn = listeners.some((bound) => reaches({ host: HOST, port: given ?? 0 }, bound));
  const variable = isOwn ? undefined : given;
  const member = gateway["port"];
  if (variable === undefined) {
    if (member === undefined && (gateway["$include"] ?? object?.["$include"]) !== undefined) {
      return broken(`${shownPath} has no gateway.port itself, and the shim does not follow $include`);
    }
    if (member !== undefined && !isPort(member)) {
      return broken(`gateway.port in ${shownPath} is not a port from 1 to 65535`);
    }
  }
  const port = variable ?? (isPort(member) ? member : undefined);
  if (port === undefined && !tls) return { given: new Map(), problems: [] };
  const from = variable === undefined ? `gateway in ${shownPath}` : "OPENCLAW_GATEWAY_PORT";
  const url = `${tls ? "wss" : "ws"}://${HOST}:${port ?? GATEWAY_PORT}`;
  return { given: new Map([["gateway", { from, texts: [url] }]]), problems: [] };
}

function broken(problem: string, fix = "correct it"): Layer {
  const advice = { fix: `${fix}, or give --gateway URL`, source: "openclaw" } as const;
  return { given: new Map(), problems: [{ setting: "OpenClaw's config", problem, ...advice }] };
}
