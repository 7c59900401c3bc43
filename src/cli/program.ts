import { basename } from "node:path";
import type { NextSteps } from "../log/pretty.ts";
import { authorityOf, isLoopbackName, parseAuthority, reachableHost } from "../net/authority.ts";
import { SETTINGS } from "../settings/settings.ts";

const NAME = "openclaw-shim";

/**
 * Returns how the user called this program, for commands to copy: its name if it is installed, else Node and the script.
 *
 * @param argv `process.argv`
 */
export function programOf([, script = ""]: readonly string[]): string {
  // A path that a shell could misread is not offered.
  return basename(script) === NAME || !/^\/[\w./@+-]+$/.test(script) ? NAME : `node ${script}`;
}

/** Returns the flags of a gateway that is not the default one, each after a space. */
export function gatewayFlags(url: string, isRemote = false, fingerprint?: string): string {
  return [
    url === SETTINGS.gateway.default[0] ? "" : ` ${flag("gateway", url)}`,
    isRemote ? " --allow-remote-gateway" : "",
    fingerprint === undefined ? "" : ` --gateway-fingerprint sha256:${fingerprint}`,
  ].join("");
}

/** Returns a flag of a command to copy. Quotes `[::1]:18788`, which zsh takes for a pattern. */
export function flag(name: "listen" | "gateway", value: string): string {
  return `--${name} ${/^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`;
}

/** Returns the steps to suggest once the shim listens: the doctor command, and where to watch outcomes. */
export function nextSteps(program: string): NextSteps {
  return ({ addresses, gateway }) => {
    const doctor = `${program} doctor`;
    // The shim's own pages require a loopback name.
    const local = (Array.isArray(addresses) ? addresses : []).flatMap(loopbackAuthority)[0];
    const flags = gatewayFlags(String(gateway));
    if (local === undefined) return [["try next", doctor + flags]];
    const listen = local === SETTINGS.listen.default[0] ? "" : ` ${flag("listen", local)}`;
    return [
      ["try next", doctor + listen + flags],
      ["watch", `http://${local}/__shim__/`],
    ];
  };
}

function loopbackAuthority(address: unknown): string[] {
  const { name = "", port } = parseAuthority(String(address)) ?? {};
  const host = reachableHost(name);
  return port !== undefined && isLoopbackName(host) ? [authorityOf({ host, port })] : [];
}
