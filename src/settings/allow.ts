import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { bracketed, dnsName } from "../net/authority.ts";
import { canonicalAddress } from "../net/ip-address.ts";
import type { Parsed } from "./values.ts";

const CIDR_FORM = "write an address or a block, such as 172.17.0.0/16, 10.0.0.5 or fd00::/8";
const HOST_FORM = "write a name or an IP address without scheme and port, such as shim.internal";
const ORIGIN_FORM = "write it as browsers send it, scheme://host[:port], such as https://app.example:8443";

// Other schemes have an opaque origin, which browsers send as "null" (RFC 6454 section 4, WHATWG URL section 4.7).
const ORIGIN_SCHEMES = new Set([
  "http",
  "https",
  "chrome-extension",
  "moz-extension",
  "safari-web-extension",
]);

/** Peers that may connect: an address or a CIDR block (RFC 4632, RFC 4291 section 2.3). Gives a block, so `10.0.0.5/32`. */
export function cidr(text: string): Parsed<string> {
  const [, address = "", digits] = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const bits = digits === undefined ? most : Number(digits);
  if (family === 0 || bits > most) return { why: `is not an IP address or CIDR block; ${CIDR_FORM}` };
  // Peers are compared after `::ffff:` is taken off them: such a block could never match.
  if (canonicalAddress(address)?.includes(":") !== (family === 6)) {
    return { why: "is an IPv4-mapped IPv6 address; write the IPv4 address or block itself" };
  }
  const block = `${ipaddr.parse(address).toString()}/${bits}`;
  const network = (family === 4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(block).toString();
  if (block === `${network}/${bits}`) return { value: block };
  return {
    why: `has bits set beyond its prefix; write ${network}/${bits} for the block, ${address} for the one address`,
  };
}

/** A further Host name: DNS name or IP address; in lower case, without brackets. */
export function hostName(text: string): Parsed<string> {
  const [, v6] = /^\[(.*)\]$/.exec(text) ?? [];
  const value = canonicalAddress(v6 ?? text) ?? dnsName(text);
  if (value === undefined || text.includes("%")) return { why: `is not a host name; ${HOST_FORM}` };
  return { value };
}

/** A further browser origin as RFC 6454 section 6.2 serializes it; in lower case. */
export function browserOrigin(text: string): Parsed<string> {
  const origin = text.toLowerCase();
  const [, scheme = "", v6, name, digits] =
    /^([a-z][a-z0-9+.-]*):\/\/(?:\[([^[\]]*)\]|([^:[\]/?#@]*))(?::([1-9]\d{0,4}))?$/.exec(origin) ?? [];
  if (!ORIGIN_SCHEMES.has(scheme))
    return { why: `is not the origin of an http, https or extension page; ${ORIGIN_FORM}` };
  const host = v6 === undefined ? dnsOrIPv4(name ?? "") : canonicalAddress(v6);
  if (host === undefined || Number(digits ?? 1) > 65_535)
    return { why: `has no valid host or port; ${ORIGIN_FORM}` };
  const defaultPort = { http: "80", https: "443" }[scheme];
  const serialized = `${scheme}://${bracketed(host)}${digits === undefined || digits === defaultPort ? "" : `:${digits}`}`;
  return origin === serialized
    ? { value: origin }
    : { why: `is not how a browser sends it; write ${serialized}` };
}

function dnsOrIPv4(text: string): string | undefined {
  return isIP(text) === 4 ? text : dnsName(text);
}
