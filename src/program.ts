import { basename } from "node:path";
import type { NextSteps } from "./log/pretty.ts";
import { authorityOf, isLoopbackName, parseAuthority, reachableHost } from "./net/authority.ts";
import { SETTINGS } from "./settings/settings-table.ts";

const NAME = "openclaw-shim";

/**
 * How the user called this program, for commands to copy: by its name where it is installed, else as Node's script.
 *
 * @param argv `process.argv`
 */
export function programOf([, script = ""]: readonly string[]): string {
  const installed = basename(script) === NAME;
  // A path that a shell would read otherwise is better not offered.
  return installed || !/^\/[\w./@+-]+$/.test(script) ? NAME : `node ${script}`;
}

/** Which shim and which gateway a command to copy is about. */
export interface Place {
  /** `127.0.0.1:18788`; none: the default is meant. */
  readonly listen?: string | undefined;
  /** `ws://127.0.0.1:18789`. */
  readonly gateway: string;
  /** The gateway is on another machine. */
  readonly remote?: boolean | undefined;
  /** SHA-256 of the gateway's certificate in hex. */
  readonly fingerprint?: string | undefined;
}

/**
 * The settings that a command to copy must be given, as ` --listen … --gateway …`: those that are not the default.
 *
 * @returns a text with a space before each flag; empty where all is as by default
 */
export function placeFlags({ listen, gateway, remote, fingerprint }: Place): string {
  const flags = [
    ...(listen === undefined || isDefault("listen", listen) ? [] : [flag("listen", listen)]),
    ...(isDefault("gateway", gateway) ? [] : [flag("gateway", gateway)]),
    ...(remote ? ["--allow-remote-gateway"] : []),
    ...(fingerprint === undefined ? [] : [`--gateway-fingerprint sha256:${fingerprint}`]),
  ];
  return flags.map((text) => ` ${text}`).join("");
}

/** A flag of a command to copy: zsh takes the brackets of `[::1]:18788` for a pattern, and ends where no file has it. */
export function flag(name: "listen" | "gateway", value: string): string {
  return `--${name} ${/^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`;
}

function isDefault(key: "listen" | "gateway", value: string): boolean {
  return SETTINGS[key].default?.[0] === value;
}

/** Returns the steps to suggest once the shim listens: the doctor command, and where to watch outcomes. */
export function nextSteps(program: string): NextSteps {
  return ({ addresses, gateway }) => {
    const local = (Array.isArray(addresses) ? addresses : [])
      .map(localAuthority)
      .find((found) => found !== undefined);
    const doctor = `${program} doctor${placeFlags({ listen: local, gateway: String(gateway) })}`;
    const watch = local === undefined ? [] : [["watch", `http://${local}/__shim__/`] as const];
    return [["try next", doctor], ...watch];
  };
}

/** Returns the loopback authority of a listener, which the shim's own pages require. */
function localAuthority(address: unknown): string | undefined {
  const { name, port } = parseAuthority(String(address)) ?? {};
  if (name === undefined || port === undefined) return undefined;
  const host = reachableHost(name);
  return isLoopbackName(host) ? authorityOf({ host, port }) : undefined;
}
