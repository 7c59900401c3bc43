import { BlockList, isIP } from "node:net";
import type { IncomingHttpHeaders } from "node:http";
import type { Behavior } from "./behaviors.ts";

/** What the gateway sees of a request before it reads a frame. */
export interface Ingress {
  readonly remoteAddress: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a release makes of it. */
export interface Attribution {
  /** Refuse with HTTP 403 `proxy_attribution_required`. */
  readonly refused: boolean;
  /** A direct client on this machine. */
  readonly local: boolean;
  /** A forwarding header that the handshake itself looks at was present. */
  readonly proxied: boolean;
  /** What failures are counted by; absent where a trusted proxy did not say. */
  readonly clientIp: string | undefined;
}

const TAILSCALE = new Set([
  "tailscale-funnel-request",
  "tailscale-headers-info",
  "tailscale-user-login",
  "tailscale-user-name",
  "tailscale-user-profile-pic",
]);

/** Attributes a request as the given release does (gateway.md section 1; OpenClaw `net.ts`, `ingress-attribution.ts`). */
export function attribute(rules: Behavior, ingress: Ingress, trustedProxies: BlockList): Attribution {
  return BY_LOCALITY[rules.locality](ingress, trustedProxies);
}

/** Builds the list that `gateway.trustedProxies` stands for: addresses and CIDR blocks. @throws on anything else. */
export function proxyList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** Host without port and brackets, lower-case. OpenClaw `resolveHostName`. */
export function hostName(host: string | undefined): string {
  const value = (host ?? "").trim().toLowerCase();
  if (value.startsWith("[")) return value.slice(1, Math.max(1, value.indexOf("]")));
  if (isIP(value) === 6) return value;
  return value.split(":")[0] ?? "";
}

export function isLoopbackHost(name: string): boolean {
  return name === "localhost" || isLoopback(name.replace(/^\[|\]$/g, ""));
}

export function isLoopback(address: string): boolean {
  const plain = unmapped(address);
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}

const BY_LOCALITY: Readonly<
  Record<Behavior["locality"], (ingress: Ingress, trusted: BlockList) => Attribution>
> = {
  "client-ip-first": (ingress, trusted) => byClientIp(ingress, trusted, firstForwarded, isOldLocalHost),
  "client-ip-last": (ingress, trusted) => byClientIp(ingress, trusted, lastForwarded, isLocalishHost),
  headers: byHeaders,
  attribution: byAttribution,
};

type ForwardedParser = (header: string | undefined, trusted: BlockList) => string | undefined;

/** 2026.2 and 2026.3: a trusted proxy that says nothing leaves no client address, which is not local. */
function byClientIp(
  { remoteAddress, headers }: Ingress,
  trusted: BlockList,
  forwarded: ForwardedParser,
  isLocalHost: (name: string) => boolean,
): Attribution {
  const fromProxy = isTrusted(remoteAddress, trusted);
  const clientIp = fromProxy
    ? forwarded(first(headers["x-forwarded-for"]), trusted)
    : unmapped(remoteAddress);
  const marked = [headers["x-forwarded-for"], headers["x-real-ip"], headers["x-forwarded-host"]].some(
    Boolean,
  );
  return {
    refused: false,
    local: isLoopback(clientIp ?? "") && isLocalHost(hostName(headers.host)) && (!marked || fromProxy),
    proxied: Boolean(headers["x-forwarded-for"] ?? headers["x-real-ip"]),
    clientIp,
  };
}

/** 2026.4: Host no longer counts, an empty header is no header. */
function byHeaders({ remoteAddress, headers }: Ingress, trusted: BlockList): Attribution {
  const marks = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "x-forwarded-host"];
  return {
    refused: false,
    local: isLoopback(remoteAddress) && !marks.some((name) => Boolean(headers[name])),
    proxied: Boolean(headers["x-forwarded-for"] ?? headers["x-real-ip"]),
    clientIp: isTrusted(remoteAddress, trusted)
      ? lastForwarded(first(headers["x-forwarded-for"]), trusted)
      : unmapped(remoteAddress),
  };
}

/** 2026.8 and later: presence counts, not value; what names no client of a trusted proxy is refused. */
function byAttribution({ remoteAddress, headers }: Ingress, trusted: BlockList): Attribution {
  const refused = { refused: true, local: false, proxied: true, clientIp: undefined };
  const marked = Object.keys(headers).some(
    (name) =>
      name === "forwarded" || name === "x-real-ip" || name.startsWith("x-forwarded-") || TAILSCALE.has(name),
  );
  if (isLoopback(remoteAddress) && !marked) {
    return { refused: false, local: true, proxied: false, clientIp: unmapped(remoteAddress) };
  }
  if (!isTrusted(remoteAddress, trusted)) {
    return marked
      ? refused
      : { refused: false, local: false, proxied: false, clientIp: unmapped(remoteAddress) };
  }
  const clientIp = lastForwarded(first(headers["x-forwarded-for"]), trusted);
  return clientIp === undefined ? refused : { refused: false, local: false, proxied: true, clientIp };
}

function firstForwarded(header: string | undefined): string | undefined {
  const entry = unmapped((header ?? "").split(",")[0]?.trim() ?? "");
  return isIP(entry) === 0 ? undefined : entry;
}

function lastForwarded(header: string | undefined, trusted: BlockList): string | undefined {
  return (header ?? "")
    .split(",")
    .map((entry) => unmapped(entry.trim()))
    .findLast((entry) => isIP(entry) !== 0 && !isLoopback(entry) && !isTrusted(entry, trusted));
}

function isOldLocalHost(name: string): boolean {
  return name === "localhost" || name === "127.0.0.1" || name === "::1" || name.endsWith(".ts.net");
}

function isLocalishHost(name: string): boolean {
  return isLoopbackHost(name) || name.endsWith(".ts.net");
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const plain = unmapped(address);
  const family = isIP(plain);
  return family !== 0 && trusted.check(plain, family === 6 ? "ipv6" : "ipv4");
}

/** RFC 4291 section 2.5.5.2: an IPv4 address as a dual-stack socket shows it. */
function unmapped(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, "");
}

/** The value of a header that is read once. */
export function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
