import { shellCommand } from "../errors.ts";
import type { NextSteps } from "../log/pretty.ts";
import {
  authorityOf,
  isLoopbackName,
  parseAuthority,
  reachableHost,
  type HostPort,
} from "../net/authority.ts";
import type { Environment } from "../openclaw/config.ts";
import { toolVariables } from "../openclaw/tool-variables.ts";
import { SETTINGS } from "../settings/settings.ts";
import { evaluated, flag, gatewayFlags } from "./program.ts";

/**
 * Returns the steps to suggest once the shim listens: how tools find it, the doctor command, and where to watch
 * outcomes.
 *
 * @param env the environment of this shell, which is taken for that of the tools
 */
export function nextSteps(program: string, env: Environment): NextSteps {
  return ({ addresses, gateway }) => {
    // The shim's own pages require a loopback name.
    const local = (Array.isArray(addresses) ? addresses : []).flatMap(loopbackListener)[0];
    const flags = gatewayFlags(String(gateway));
    if (local === undefined) return [["try next", `${program} doctor${flags}`]];
    const authority = authorityOf(local);
    const listen = authority === SETTINGS.listen.default[0] ? "" : ` ${flag("listen", authority)}`;
    const { set, portAlone, dotenv } = toolVariables(local, env);
    const { OPENCLAW_GATEWAY_PORT: port } = set;
    const isOneVariable = portAlone && dotenv === undefined && Object.keys(set).length === 1;
    return [
      [
        "point tools here",
        isOneVariable ? shellCommand("set-port", port) : evaluated(`${program} env${listen}${flags}`),
      ],
      ["try next", `${program} doctor${listen}${flags}`],
      ["watch", `http://${authority}/__shim__/`],
    ];
  };
}

function loopbackListener(address: unknown): HostPort[] {
  const { name = "", port } = parseAuthority(String(address)) ?? {};
  const host = reachableHost(name);
  return port !== undefined && isLoopbackName(host) ? [{ host, port }] : [];
}
