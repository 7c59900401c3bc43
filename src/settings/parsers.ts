import ipaddr from "ipaddr.js";
import { canonicalName, HOP_BY_HOP, isEndToEnd } from "../headers/header-table.ts";
import { authorityOf, bracketed, dnsName, parseAuthority, type HostPort } from "../net/authority.ts";
import { canonicalAddress, ipFamily } from "../net/ip-address.ts";
import { printable } from "../text/printable.ts";

/** A value parsed from a text; or what is wrong, as the end of the sentence `"text" …`, and what to write instead. */
export type Parsed<T> =
  | { readonly value: T }
  | { readonly problem: string; readonly fix?: string | undefined };

/** A parser of one text that a user gave for a setting. */
export interface Parser<T> {
  (text: string): Parsed<T>;
  /** The texts that it accepts, if these are few; shells complete them. */
  readonly words?: readonly string[];
}

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

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443 };
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Parses a duration of at most 10 minutes; returns whole milliseconds. */
export function duration(text: string): Parsed<number> {
  const [, number, unit = ""] =
    /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h)$/.exec(text === "0" ? "0ms" : text) ?? [];
  if (number === undefined) {
    const fix = "write a number and a unit, such as 500ms, 10s or 2m, at most 10m";
    return { problem: "is not a duration", fix };
  }
  const value = Math.round(Number(number) * (UNITS[unit] ?? 0));
  return value <= 600_000 ? { value } : { problem: "is too long", fix: "write at most 10m" };
}

/** Parses a number of connections, in decimal digits. */
export const connectionCount = parser(
  (text) => (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
  "is not a whole number from 1 to 65535",
);

/** Returns a parser that accepts one of `words`. */
export function choice<const T extends readonly string[]>(...words: T): Parser<T[number]> {
  const parse = parser((text) => words.find((word) => word === text), `is not one of ${words.join(", ")}`);
  return Object.assign(parse, { words });
}

/** Parses the URL of a WebSocket server; returns it as written. */
export function webSocketUrl(text: string): Parsed<string> {
  if (/^wss?:/i.test(text) && URL.canParse(text)) return { value: text };
  return { problem: "is not a ws:// or wss:// URL", fix: `write ${meantUrl(text) ?? "ws://HOST:PORT"}` };
}

/** Parses a switch given by environment, file or library. */
export const boolean = parser((text) => {
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}, "is not one of true, false");

/** Parses the name of an OpenClaw role or scope, such as `operator` or `operator.read`. */
export const accessName = parser(
  (text) => /^[a-z][a-z0-9_.:-]{0,63}$/.exec(text)?.[0],
  "is not the name of a role or scope",
  "write it as OpenClaw does, such as operator.read",
);

/** Parses the name of a device for people. */
export const displayName = parser(
  (text) => (printable(text, 80) === text && text.trim() !== "" ? text : undefined),
  "is not a text of at most 80 printable characters",
);

/** Parses the SHA-256 of a certificate, with or without colons. Returns the bare digits in lower case. */
export const fingerprint = parser(
  (text) => /^sha256:((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})$/.exec(text.toLowerCase())?.[1]?.replaceAll(":", ""),
  "is not a SHA-256 fingerprint",
  "write sha256: and its 64 hex digits",
);

/** Parses `HOST:PORT` to listen on; `localhost` is read as 127.0.0.1, port 0 is any free port. */
export const listenAddress = parser<ListenAddress>(
  (text) => {
    // A zone (fe80::1%eth0) belongs to the address that is bound.
    const [zone = ""] = /%[\w.-]+(?=\]:)/.exec(text) ?? [];
    const { name = "", port } = splitAuthority(text.replace(zone, "")) ?? {};
    // Not resolved: a hosts file could map the name to any address.
    const plain = name === "localhost" ? "127.0.0.1" : canonicalAddress(name);
    const host = zone === "" ? plain : `${name}${zone}`;
    return port !== undefined && host !== undefined && ipFamily(host) !== 0 ? { host, port } : undefined;
  },
  "is not an address to listen on",
  "write HOST:PORT, such as 127.0.0.1:18788 or [::1]:18788; HOST is an IP address or localhost",
);

/** Parses `HOST:PORT`, or a port alone: that is 127.0.0.1. */
export function addressOrPort(text: string): Parsed<ListenAddress> {
  return listenAddress(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
}

/**
 * Parses `HOST:PORT`, or a port alone: that is 127.0.0.1, and [::1] if the machine has it, as tools may connect to either
 * for `localhost`. Port 0 alone is a free port of 127.0.0.1.
 */
export function listenAddresses(text: string): Parsed<ListenAddress | readonly ListenAddress[]> {
  const parsed = addressOrPort(text);
  if (!/^\d+$/.test(text) || !("value" in parsed) || parsed.value.port === 0) return parsed;
  return { value: [parsed.value, { host: "::1", port: parsed.value.port, optional: true }] };
}

/**
 * Parses the gateway's URL: `ws` or `wss`, host and port, nothing more. The port is required, although RFC 6455
 * section 3 has the defaults 80 and 443: the gateway uses neither. Accepts remote hosts.
 */
export function gatewayAddress(text: string): Parsed<GatewayAddress> {
  const wrong = (problem: string, ifMeant = problem) => {
    const meant = meantUrl(text, ":18789");
    const fix = `write ${meant ?? "ws://HOST:PORT or wss://HOST:PORT, such as ws://127.0.0.1:18789"}`;
    return { problem: meant === undefined ? problem : ifMeant, fix };
  };
  if (!/^wss?:\/\//i.test(text)) return wrong("is not a ws:// or wss:// URL");
  if (/[@?#]/.test(text)) return wrong("contains a password, query or fragment (not shown)");
  const target = splitUrl(text.replace(/\/$/, ""));
  if (!target) return wrong("has no valid host and port", "contains a path");
  const { scheme, host, port, authority } = target;
  if (port === undefined) return wrong("has no port");
  const tls = scheme === "wss";
  const url = `${scheme}://${bracketed(host)}:${port}`;
  return {
    value: { url, host, port, tls, authority, origin: `${tls ? "https" : "http"}://${authority}` },
  };
}

/**
 * Returns the ws:// or wss:// URL that a text probably means: `localhost:18789`, a page's http:// URL, a port. Without
 * userinfo, path, query and fragment, which may be secrets; undefined if they cannot be told from the host.
 *
 * @param usual what is added if it has no port
 */
function meantUrl(text: string, usual = ""): string | undefined {
  const [, scheme = "", authority = ""] =
    /^(?:(wss?|https?):(?:\/\/)?)?(?:[^@/?#\\]*@)?([^@/?#\\]+)(?:[/?#][^@]*)?$/i.exec(text.trim()) ?? [];
  const target = splitUrl(`ws://${authority.replace(/^:?(?=\d+$)/, "127.0.0.1:")}`);
  if (!target) return undefined;
  const port = target.port === undefined ? usual : `:${target.port}`;
  return `${/^(?:wss|https)$/i.test(scheme) ? "wss" : "ws"}://${bracketed(target.host)}${port}`;
}

/** Parses peers that may connect: an address or a CIDR block (RFC 4632, RFC 4291 section 2.3). Returns a block. */
export function cidr(text: string): Parsed<string> {
  const [, address = "", digits] = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const family = ipFamily(address);
  const most = family === 4 ? 32 : 128;
  const bits = digits === undefined ? most : Number(digits);
  if (family === 0 || bits > most) {
    const fix = "write an address or a block, such as 172.17.0.0/16, 10.0.0.5 or fd00::/8";
    return { problem: "is not an IP address or CIDR block", fix };
  }
  // Peers are compared without `::ffff:`: such a block would never match.
  if (canonicalAddress(address)?.includes(":") !== (family === 6)) {
    return { problem: "is an IPv4-mapped IPv6 address", fix: "write the IPv4 address or block itself" };
  }
  const block = `${ipaddr.parse(address).toString()}/${bits}`;
  const network = `${(family === 4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(block).toString()}/${bits}`;
  if (block === network) return { value: block };
  const fix = `write ${network} for the block, ${address} for the one address`;
  return { problem: "has bits set beyond its prefix", fix };
}

/** Parses a further Host name: DNS name or IP address. Returns it in lower case, without brackets. */
export const hostName = parser(
  (text) => canonicalAddress(text.includes("%") ? "" : text.replace(/^\[(.*)\]$/, "$1")) ?? dnsName(text),
  "is not a host name",
  "write a name or an IP address without scheme and port, such as shim.internal",
);

/** Parses the name of a further header to delete (RFC 9110 section 5.6.2, without `*`). Returns it in canonical form. */
export function headerName(text: string): Parsed<string> {
  const value = canonicalName(text);
  if (!/^[a-z0-9!#$%&'+.^`|~-]+$/.test(value)) {
    return {
      problem: "is not the name of a header",
      fix: "write one whole name without a colon, such as X-User-Email",
    };
  }
  if (HOP_BY_HOP.has(value))
    return { problem: "is deleted or set for every request already", fix: "leave it out" };
  if (!isEndToEnd(value)) return { value };
  const fix = "change the proxy that adds it: to the gateway it is the client's own";
  return { problem: "is a header that must reach the gateway", fix };
}

/** Parses a further browser origin, as RFC 6454 section 6.2 serializes it. Returns it in lower case. */
export function browserOrigin(text: string): Parsed<string> {
  const origin = splitUrl(text);
  // Other schemes have an opaque origin, which browsers send as "null" (RFC 6454 section 4, WHATWG URL section 4.7).
  if (!origin || !/^(https?|chrome-extension|moz-extension|safari-web-extension)$/.test(origin.scheme)) {
    const fix = "write it as browsers send it, scheme://host[:port], such as https://app.example:8443";
    return { problem: "is not the origin of an http, https or extension page", fix };
  }
  const value = `${origin.scheme}://${origin.authority}`;
  if (text.toLowerCase() === value) return { value };
  return { problem: "is not how a browser sends it", fix: `write ${value}` };
}

/** Returns a parser of the texts from which `read` gets a value. */
function parser<T>(read: (text: string) => T | undefined, problem: string, fix?: string): Parser<T> {
  return (text) => {
    const value = read(text);
    return value === undefined ? { problem, fix } : { value };
  };
}

/** Splits `scheme://host[:port]`, in lower case; `authority` is without the default port of the scheme. */
function splitUrl(text: string) {
  const [, scheme = "", rest = ""] = /^([a-z-]+):\/\/(.*)$/s.exec(text.toLowerCase()) ?? [];
  const { name = "", port } = splitAuthority(rest) ?? {};
  const host = canonicalAddress(name) ?? dnsName(name);
  if (host === undefined || port === 0) return undefined;
  const isDefault = port === undefined || port === DEFAULT_PORTS[scheme];
  return { scheme, host, port, authority: isDefault ? bracketed(host) : authorityOf({ host, port }) };
}

/** Parses an authority; undefined if its port has leading zeros, too. */
function splitAuthority(text: string): ReturnType<typeof parseAuthority> {
  const authority = parseAuthority(text);
  return authority?.port === undefined || text.endsWith(`:${authority.port}`) ? authority : undefined;
}
