import { BlockList, isIP } from "node:net";
import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackName, parseAuthority } from "../../src/net/authority.ts";
import { canonicalAddress, isLoopbackAddress } from "../../src/net/ip-address.ts";
import { holds } from "../../src/openclaw/releases.ts";
import type { Behavior } from "./behaviors.ts";

/** What the gateway knows of a request before it reads a frame. */
export interface Ingress {
  readonly remoteAddress: string;
  readonly headers: IncomingHttpHeaders;
}

/** How a release judges an ingress. */
export interface Attribution {
  /** True if the request is refused with HTTP 403 `proxy_attribution_required`. */
  readonly refused: boolean;
  /** True if it is a direct client on this machine. */
  readonly local: boolean;
  /** True if it has a forwarding header that the handshake reads. */
  readonly proxied: boolean;
  /** The address by which failures are counted; absent if a trusted proxy named none. */
  readonly clientIp: string | undefined;
}

const TAILSCALE = new Set([
  "tailscale-funnel-request",
  "tailscale-headers-info",
  "tailscale-user-login",
  "tailscale-user-name",
  "tailscale-user-profile-pic",
]);

/** Attributes a request as a release does (docs/gateway.md section 1; OpenClaw `net.ts`, `ingress-attribution.ts`). */
export function attribute(behavior: Behavior, ingress: Ingress, trusted: BlockList): Attribution {
  if (holds("forwardingRefused", behavior.release)) return attributeByPresence(ingress, trusted);
  return holds("trustedProxiesUnlocal", behavior.release)
    ? attributeByClientIp(behavior, ingress, trusted)
    : attributeByHeaders(ingress, trusted);
}

/** Returns the list for `gateway.trustedProxies`: addresses and CIDR blocks. @throws on other text. */
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

/** Returns Host without its port, lower-case; empty if there is none. */
export function hostName(host: string | undefined): string {
  return parseAuthority((host ?? "").trim())?.name ?? "";
}

/** Before 2026.4. A request of a trusted proxy that names no client has no client address, which is not local. */
function attributeByClientIp(
  { forwardedFor }: Behavior,
  { remoteAddress, headers }: Ingress,
  trusted: BlockList,
): Attribution {
  const fromProxy = isTrusted(remoteAddress, trusted);
  const name = hostName(headers.host);
  const localNames = ["localhost", "127.0.0.1", "::1"];
  const isLocalName = forwardedFor === "first" ? localNames.includes(name) : isLoopbackName(name);
  const forwarded = forwardedFor === "first" ? firstForwarded(headers) : lastForwarded(headers, trusted);
  const clientIp = fromProxy ? forwarded : plain(remoteAddress);
  const marked = hasValue(headers, ["x-forwarded-for", "x-real-ip", "x-forwarded-host"]);
  return {
    refused: false,
    local:
      isLoopbackAddress(clientIp ?? "") &&
      (isLocalName || name.endsWith(".ts.net")) &&
      (!marked || fromProxy),
    proxied: Boolean(headers["x-forwarded-for"] ?? headers["x-real-ip"]),
    clientIp,
  };
}

/** Since 2026.4. Host does not count; an empty header counts as absent. */
function attributeByHeaders({ remoteAddress, headers }: Ingress, trusted: BlockList): Attribution {
  const marks = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "x-forwarded-host"];
  return {
    refused: false,
    local: isLoopbackAddress(remoteAddress) && !hasValue(headers, marks),
    proxied: Boolean(headers["x-forwarded-for"] ?? headers["x-real-ip"]),
    clientIp: isTrusted(remoteAddress, trusted) ? lastForwarded(headers, trusted) : plain(remoteAddress),
  };
}

/** Since 2026.8. Presence counts, not the value; refused unless a trusted proxy names the client. */
function attributeByPresence({ remoteAddress, headers }: Ingress, trusted: BlockList): Attribution {
  const marked = Object.keys(headers).some(
    (name) =>
      name === "forwarded" || name === "x-real-ip" || name.startsWith("x-forwarded-") || TAILSCALE.has(name),
  );
  const local = isLoopbackAddress(remoteAddress) && !marked;
  if (local || (!marked && !isTrusted(remoteAddress, trusted))) {
    return { refused: false, local, proxied: false, clientIp: plain(remoteAddress) };
  }
  const clientIp = isTrusted(remoteAddress, trusted) ? lastForwarded(headers, trusted) : undefined;
  return { refused: clientIp === undefined, local: false, proxied: true, clientIp };
}

function firstForwarded(headers: IncomingHttpHeaders): string | undefined {
  return canonicalAddress(forwardedEntries(headers)[0] ?? "");
}

function lastForwarded(headers: IncomingHttpHeaders, trusted: BlockList): string | undefined {
  return forwardedEntries(headers)
    .map(canonicalAddress)
    .findLast((entry) => entry !== undefined && !isLoopbackAddress(entry) && !isTrusted(entry, trusted));
}

function forwardedEntries(headers: IncomingHttpHeaders): string[] {
  return (first(headers["x-forwarded-for"]) ?? "").split(",").map((entry) => entry.trim());
}

function hasValue(headers: IncomingHttpHeaders, names: readonly string[]): boolean {
  return names.some((name) => Boolean(headers[name]));
}

/** Returns true if `gateway.trustedProxies` covers an address. */
export function isTrusted(address: string, trusted: BlockList): boolean {
  const family = isIP(plain(address));
  return family !== 0 && trusted.check(plain(address), family === 6 ? "ipv6" : "ipv4");
}

function plain(address: string): string {
  return canonicalAddress(address) ?? address;
}

/** Returns the first value of a header. */
export function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
