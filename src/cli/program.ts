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

/** The shim and the gateway that a command to copy is about. */
export interface Place {
  /** `127.0.0.1:18788`; absent for the default. */
  readonly listen?: string | undefined;
  /** `ws://127.0.0.1:18789`. */
  readonly gateway: string;
  /** The gateway is on another machine. */
  readonly remote?: boolean | undefined;
  /** SHA-256 of the gateway's certificate in hex. */
  readonly fingerprint?: string | undefined;
}

/** Returns ` --listen … --gateway …`: the settings of a place that are not the default, each after a space. */
export function placeFlags({ listen, gateway, remote, fingerprint }: Place): string {
  const flags = [
    listen !== undefined && listen !== SETTINGS.listen.default[0] && flag("listen", listen),
    gateway !== SETTINGS.gateway.default[0] && flag("gateway", gateway),
    remote && "--allow-remote-gateway",
    fingerprint !== undefined && `--gateway-fingerprint sha256:${fingerprint}`,
  ];
  return flags.map((text) => (text ? ` ${text}` : "")).join("");
}

/** Returns a flag of a command to copy. Quotes `[::1]:18788`, which zsh takes for a pattern. */
export function flag(name: "listen" | "gateway", value: string): string {
  return `--${name} ${/^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`;
}

/** Returns the steps to suggest once the shim listens: the doctor command, and where to watch outcomes. */
export function nextSteps(program: string): NextSteps {
  return ({ addresses, gateway }) => {
    const local = (Array.isArray(addresses) ? addresses : []).flatMap(localAuthority)[0];
    const doctor = `${program} doctor${placeFlags({ listen: local, gateway: String(gateway) })}`;
    const watch = local === undefined ? [] : [["watch", `http://${local}/__shim__/`] as const];
    return [["try next", doctor], ...watch];
  };
}

/** Returns the loopback authority of a listener, which the shim's own pages require, or nothing. */
function localAuthority(address: unknown): string[] {
  const { name = "", port } = parseAuthority(String(address)) ?? {};
  const host = reachableHost(name);
  return port !== undefined && isLoopbackName(host) ? [authorityOf({ host, port })] : [];
}
