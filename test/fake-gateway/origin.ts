import { isLoopbackName } from "../../src/net/authority.ts";
import { parseAddress } from "../../src/net/ip-address.ts";
import type { Behavior } from "./behaviors.ts";
import { hostName } from "./locality.ts";

/** What an Origin is judged by. */
export interface OriginFacts {
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly local: boolean;
  readonly allowed: readonly string[];
}

const PRIVATE_RANGES = ["private", "linkLocal", "carrierGradeNat", "uniqueLocal"];

/**
 * Checks an Origin as a release does (docs/gateway.md section 4; OpenClaw `src/gateway/origin-check.ts`).
 * @returns the gateway's reason for a refusal, or undefined if the page may connect.
 */
export function refuseOrigin({ originCheck }: Behavior, facts: OriginFacts): string | undefined {
  const page = parseOrigin(facts.origin);
  if (!page) return "origin missing or invalid";
  const wildcard = originCheck !== "loopback-host" && facts.allowed.includes("*");
  if (wildcard || facts.allowed.includes(page.origin)) return undefined;
  const name = hostName(facts.host);
  const isSameHost = isOwnPage(facts.origin, facts.host);
  const isLoopbackPage = isLoopbackName(page.hostname.replace(/^\[|\]$/g, ""));
  const accepted =
    originCheck === "loopback-host"
      ? isSameHost || (isLoopbackPage && isLoopbackName(name))
      : (facts.local && isLoopbackPage) ||
        (originCheck === "local-client-or-private-host" && isSameHost && isPrivateName(name));
  return accepted ? undefined : "origin not allowed";
}

/** Returns true if a page was loaded from the Host that it connects to. OpenClaw `isGatewayHostBrowserOrigin`. */
export function isOwnPage(origin: string | undefined, host: string | undefined): boolean {
  return parseOrigin(origin)?.host === (host ?? "").trim().toLowerCase();
}

function parseOrigin(
  value: string | undefined,
): { readonly origin: string; readonly host: string; readonly hostname: string } | undefined {
  const text = (value ?? "").trim();
  if (text === "" || text === "null" || !URL.canParse(text)) return undefined;
  const { origin, protocol, host, hostname } = new URL(text.toLowerCase());
  return { origin: origin === "null" ? `${protocol}//${host}` : origin, host, hostname };
}

function isPrivateName(name: string): boolean {
  const address = parseAddress(name);
  if (address) return PRIVATE_RANGES.includes(address.range());
  return name.endsWith(".local") || name.endsWith(".ts.net");
}
