import { ipFamily, isLoopbackAddress } from "./ip-address.ts";

/** A host, without brackets around IPv6, and a TCP port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const AUTHORITY = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i;

/** Parses `name`, `name:port` or `[v6]:port` (RFC 3986 section 3.2) into a lower-case name and the port. */
export function parseAuthority(text: string): { name: string; port?: number } | undefined {
  const [, v6, host = "", port] = AUTHORITY.exec(text) ?? [];
  const name = (v6 ?? host).toLowerCase();
  if (name === "" || (v6 !== undefined && ipFamily(name) !== 6)) return undefined;
  if (port === undefined) return { name };
  return Number(port) <= 65_535 ? { name, port: Number(port) } : undefined;
}

/** Returns true if a host name can only mean this machine: `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopbackName(name: string): boolean {
  return name === "localhost" || isLoopbackAddress(name);
}

/** Removes the final dot of a host name: it names the DNS root (RFC 1034 section 3.1), so the name is the same. */
export function withoutFinalDot(name: string): string {
  return name.replace(/\.$/, "");
}

/** Returns a DNS name in lower case without the root dot, or undefined (RFC 1123 section 2.1; `_` is allowed). */
export function dnsName(text: string): string | undefined {
  const name = withoutFinalDot(text.toLowerCase());
  const labels = name.split(".");
  // A URL parser reads a name whose last label is a number as an IPv4 address (WHATWG URL, ends in a number).
  if (name.length > 253 || /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) return undefined;
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) ? name : undefined;
}

/** Returns the host of an authority: IPv6 in brackets (RFC 3986 section 3.2.2). */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Returns `HOST:PORT`, with brackets around IPv6. */
export function authorityOf({ host, port }: HostPort): string {
  return `${bracketed(host)}:${port}`;
}

/** Returns the host at which this machine reaches a socket bound to `host`: loopback for the unspecified addresses. */
export function reachableHost(host: string): string {
  return { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
}

/** Returns the authority at which a tool on this machine reaches a listener: `127.0.0.1:18788` for 0.0.0.0:18788. */
export function reachableAt({ host, port }: HostPort): string {
  return authorityOf({ host: reachableHost(host), port });
}

/** Returns true if a connection from this machine to `target` reaches a socket bound to `bound`. */
export function reaches(target: HostPort, bound: HostPort): boolean {
  if (target.port !== bound.port) return false;
  const names = target.host === "localhost" ? ["127.0.0.1", "::1"] : [target.host];
  // Linux has a dual-stack [::] by default (ipv6(7), bindv6only).
  const all = bound.host === "::" || (bound.host === "0.0.0.0" && names.some((name) => !name.includes(":")));
  return names.includes(bound.host) || (all && isLoopbackName(target.host));
}
