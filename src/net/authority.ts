import { isIP } from "node:net";
import { isLoopbackAddress } from "./ip-address.ts";
import { refuse, type Refusal } from "../errors.ts";

/** A `Host` or an origin's authority, taken apart. */
export interface Authority {
  /** Lower-case; IPv6 without brackets. */
  readonly name: string;
  readonly port?: number;
}

const AUTHORITY = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[a-z0-9._-]+))(?::(?<port>\d{1,5}))?$/i;

/** Parses `name`, `name:port` or `[v6]:port` (RFC 3986 section 3.2); undefined if it is none of them. */
export function parseAuthority(text: string): Authority | undefined {
  const groups = AUTHORITY.exec(text)?.groups;
  if (!groups) return undefined;
  const { v6, port } = groups;
  const name = (v6 ?? groups["name"] ?? "").toLowerCase();
  if (v6 !== undefined && isIP(name) !== 6) return undefined;
  if (port === undefined) return { name };
  return Number(port) <= 65_535 ? { name, port: Number(port) } : undefined;
}

/** Whether a host name can only mean this machine: `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopbackName(name: string): boolean {
  return name === "localhost" || isLoopbackAddress(name);
}

/**
 * The names by which a browser or HTTP client may reach the shim. After DNS rebinding `Host` is the attacker's
 * name on a loopback socket; only a list of own names tells it apart. An IP literal cannot be rebound.
 */
export function checkHost(host: string, allowed: ReadonlySet<string>): Refusal | undefined {
  const authority = parseAuthority(host);
  if (!authority) return refuse("host_not_allowed", host);
  const { name } = authority;
  if (isLoopbackName(name) || isIP(name) !== 0 || allowed.has(withoutFinalDot(name))) return undefined;
  return refuse("host_not_allowed", name);
}

/** A host name as `--allow-host` is kept: the final dot names the DNS root (RFC 1034 section 3.1), and is the same name. */
export function withoutFinalDot(name: string): string {
  return name.replace(/\.$/, "");
}
