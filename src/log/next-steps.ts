import { isLoopbackName, parseAuthority, authorityOf, reachableHost } from "../net/authority.ts";
import type { LogLine } from "./line-facts.ts";
import { placeFlags } from "../program.ts";

/** What to try now that it listens, each with its name: the one command, and where outcomes can be watched. */
export function nextSteps({ addresses, gateway }: LogLine, program: string): [name: string, text: string][] {
  const local = (Array.isArray(addresses) ? addresses : [])
    .map(localAuthority)
    .find((found) => found !== undefined);
  const doctor = `${program} doctor${placeFlags({ listen: local, gateway: String(gateway) })}`;
  return [
    ["try next", doctor],
    ...(local === undefined ? [] : [["watch", `http://${local}/__shim__/`] satisfies [string, string]]),
  ];
}

/** Where this machine reaches that listener by a loopback name, which the shim's own pages ask for. */
function localAuthority(address: unknown): string | undefined {
  const { name, port } = parseAuthority(String(address)) ?? {};
  if (name === undefined || port === undefined) return undefined;
  const host = reachableHost(name);
  return isLoopbackName(host) ? authorityOf({ host, port }) : undefined;
}
