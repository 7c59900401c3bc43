import { BlockList, isIP } from "node:net";
import type { Behavior } from "./behaviors.ts";
import { hostName, isLoopbackHost } from "./locality.ts";

/** RFC 1918, RFC 3927, RFC 6598 (CGNAT), RFC 4193 (ULA) and RFC 4291 (link-local). */
const PRIVATE = new BlockList();
for (const [address, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
] as const) {
  PRIVATE.addSubnet(address, prefix, "ipv4");
}
PRIVATE.addSubnet("fc00::", 7, "ipv6");
PRIVATE.addSubnet("fe80::", 10, "ipv6");

/** What an Origin is judged by. */
export interface OriginQuestion {
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly local: boolean;
  readonly allowed: readonly string[];
}

/** An Origin, taken apart; undefined when it is none. */
interface Origin {
  readonly origin: string;
  readonly host: string;
  readonly hostname: string;
}

/**
 * Whether a release lets a page from this Origin connect (gateway.md section 4; OpenClaw `src/gateway/origin-check.ts`).
 * @returns the gateway's reason for a refusal, or undefined when it may.
 */
export function refuseOrigin(rules: Behavior, question: OriginQuestion): string | undefined {
  const page = parseOrigin(question.origin);
  if (!page) return "origin missing or invalid";
  const wildcard = rules.originCheck !== "loopback-host" && question.allowed.includes("*");
  if (wildcard || question.allowed.includes(page.origin)) return undefined;
  const host = (question.host ?? "").trim().toLowerCase();
  const sameHost = host !== "" && page.host === host;
  const loopbackPage = isLoopbackHost(page.hostname);
  switch (rules.originCheck) {
    case "loopback-host":
      if (sameHost || (loopbackPage && isLoopbackHost(hostName(host)))) return undefined;
      break;
    case "local-client":
      if (question.local && loopbackPage) return undefined;
      break;
    case "local-client-or-private-host":
      if (question.local && loopbackPage) return undefined;
      if (sameHost && isPrivateHost(hostName(host))) return undefined;
      break;
  }
  return "origin not allowed";
}

/** Whether a page was loaded from the very Host that it connects to. OpenClaw `isGatewayHostBrowserOrigin`. */
export function isOwnPage(origin: string | undefined, host: string | undefined): boolean {
  const page = parseOrigin(origin);
  return page !== undefined && page.host === (host ?? "").trim().toLowerCase();
}

function parseOrigin(value: string | undefined): Origin | undefined {
  const text = (value ?? "").trim();
  if (text === "" || text === "null" || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const origin = url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin;
  return { origin: origin.toLowerCase(), host: url.host.toLowerCase(), hostname: url.hostname.toLowerCase() };
}

function isPrivateHost(name: string): boolean {
  const family = isIP(name);
  if (family !== 0) return PRIVATE.check(name, family === 6 ? "ipv6" : "ipv4");
  return name.endsWith(".local") || name.endsWith(".ts.net");
}
