import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import {
  authorityOf,
  bracketed,
  dnsName,
  parseAuthority,
  type Authority,
  type HostPort,
} from "../net/authority.ts";
import { canonicalAddress } from "../net/ip-address.ts";
import { GATEWAY_PORT } from "../openclaw/config.ts";
import type { Parsed } from "./value-parsers.ts";

/** An address to listen on. `optional` ones (the default `[::1]`) are skipped if the machine cannot bind them. */
export interface ListenAddress extends HostPort {
  readonly optional?: boolean;
}

/** The gateway's address and its own names. */
export interface GatewayAddress extends HostPort {
  /** Normalized, always with the port: `ws://127.0.0.1:18789`. */
  readonly url: string;
  readonly tls: boolean;
  /** The `Host` it expects: `127.0.0.1:18789`, `[::1]:18789` (RFC 9112 section 3.2). */
  readonly authority: string;
  /** The origin of its own pages: `http://127.0.0.1:18789` (RFC 6454 section 6.2). */
  readonly origin: string;
  /** SHA-256 of its certificate, lower-case hex without colons; only with `tls`. */
  readonly fingerprint?: string;
}

const LISTEN_FORM = "write HOST:PORT, such as 127.0.0.1:18788 or [::1]:18788";
const GATEWAY_FORM = "write ws://HOST:PORT or wss://HOST:PORT, such as ws://127.0.0.1:18789";
const CIDR_FORM = "write an address or a block, such as 172.17.0.0/16, 10.0.0.5 or fd00::/8";
const HOST_FORM = "write a name or an IP address without scheme and port, such as shim.internal";
const ORIGIN_FORM = "write it as browsers send it, scheme://host[:port], such as https://app.example:8443";

/** Parses `HOST:PORT` to listen on. HOST is an IP address or `localhost`, read as 127.0.0.1; port 0 is any free port. */
export function listenAddress(text: string): Parsed<ListenAddress> {
  // A zone (fe80::1%eth0) belongs to the address that is bound.
  const [zone = ""] = /%[\w.-]+(?=\]:)/.exec(text) ?? [];
  const { name = "", port } = splitAuthority(text.replace(zone, "")) ?? {};
  if (port === undefined) return { problem: "is not an address to listen on", fix: LISTEN_FORM };
  // Not resolved: a hosts file could map the name to any address.
  if (name === "localhost") return { value: { host: "127.0.0.1", port } };
  const host = zone === "" ? canonicalAddress(name) : `${name}${zone}`;
  if (host !== undefined && isIP(host) !== 0) return { value: { host, port } };
  return { problem: "has a host that is neither an IP address nor localhost", fix: LISTEN_FORM };
}

/**
 * Parses the gateway's URL: `ws` or `wss`, host and port, nothing more. The port is required, although RFC 6455
 * section 3 has the defaults 80 and 443: the gateway uses neither. Accepts remote hosts.
 */
export function gatewayAddress(text: string): Parsed<GatewayAddress> {
  const [, given, rest = ""] = /^(wss?):\/\/(.*)$/is.exec(text) ?? [];
  const scheme = given?.toLowerCase();
  if (scheme === undefined) return { problem: "is not a ws:// or wss:// URL", fix: GATEWAY_FORM };
  if (rest.includes("@"))
    return { problem: "contains a user name or password (not shown)", fix: GATEWAY_FORM };
  if (/[?#]/.test(rest)) return { problem: "contains a query or fragment (not shown)", fix: GATEWAY_FORM };
  const { name = "", port } = splitAuthority(rest.replace(/\/$/, "")) ?? {};
  const host = hostOf(name);
  if (host === undefined || port === 0) return { problem: "has no valid host and port", fix: GATEWAY_FORM };
  const base = `${scheme}://${bracketed(host)}`;
  if (port === undefined) return { problem: "has no port", fix: `write ${base}:${GATEWAY_PORT}` };
  const tls = scheme === "wss";
  const authority = port === (tls ? 443 : 80) ? bracketed(host) : authorityOf({ host, port });
  const origin = `${tls ? "https" : "http"}://${authority}`;
  return { value: { url: `${base}:${port}`, host, port, tls, authority, origin } };
}

/** Parses peers that may connect: an address or a CIDR block (RFC 4632, RFC 4291 section 2.3). Returns a block. */
export function cidr(text: string): Parsed<string> {
  const [, address = "", digits] = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const bits = digits === undefined ? most : Number(digits);
  if (family === 0 || bits > most) return { problem: "is not an IP address or CIDR block", fix: CIDR_FORM };
  // Peers are compared without `::ffff:`: such a block would never match.
  if (canonicalAddress(address)?.includes(":") !== (family === 6)) {
    return { problem: "is an IPv4-mapped IPv6 address", fix: "write the IPv4 address or block itself" };
  }
  const block = `${ipaddr.parse(address).toString()}/${bits}`;
  const network = (family === 4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(block).toString();
  if (block === `${network}/${bits}`) return { value: block };
  return {
    problem: "has bits set beyond its prefix",
    fix: `write ${network}/${bits} for the block, ${address} for the one address`,
  };
}

/** Parses a further Host name: DNS name or IP address. Returns it in lower case, without brackets. */
export function hostName(text: string): Parsed<string> {
  const [, v6] = /^\[(.*)\]$/.exec(text) ?? [];
  const value = canonicalAddress(v6 ?? text) ?? dnsName(text);
  if (value === undefined || text.includes("%")) return { problem: "is not a host name", fix: HOST_FORM };
  return { value };
}

// Other schemes have an opaque origin, which browsers send as "null" (RFC 6454 section 4, WHATWG URL section 4.7).
const ORIGIN = /^(https?|chrome-extension|moz-extension|safari-web-extension):\/\/(.*)$/s;

/** Parses a further browser origin, as RFC 6454 section 6.2 serializes it. Returns it in lower case. */
export function browserOrigin(text: string): Parsed<string> {
  const value = text.toLowerCase();
  const [, scheme = "", rest] = ORIGIN.exec(value) ?? [];
  if (rest === undefined) {
    return { problem: "is not the origin of an http, https or extension page", fix: ORIGIN_FORM };
  }
  const { name = "", port } = splitAuthority(rest) ?? {};
  const host = hostOf(name);
  if (host === undefined || port === 0) return { problem: "has no valid host or port", fix: ORIGIN_FORM };
  const isDefault = port === undefined || port === { http: 80, https: 443 }[scheme];
  const serialized = `${scheme}://${isDefault ? bracketed(host) : authorityOf({ host, port })}`;
  if (value === serialized) return { value };
  return { problem: "is not how a browser sends it", fix: `write ${serialized}` };
}

/** Parses an authority; undefined if its port has leading zeros, too. */
function splitAuthority(text: string): Authority | undefined {
  const authority = parseAuthority(text);
  return authority?.port === undefined || text.endsWith(`:${authority.port}`) ? authority : undefined;
}

function hostOf(name: string): string | undefined {
  return canonicalAddress(name) ?? dnsName(name);
}
