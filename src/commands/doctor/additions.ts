import { isLoopbackName, parseAuthority } from "../../net/authority.ts";
import { canonicalName } from "../../headers/header-names.ts";
import type { PathFacts } from "./path.ts";
import type { SeenOutcome } from "./running-shim.ts";

/** What some way adds to requests, as far as it could be seen. */
export interface Additions {
  /** Forwarding fields with their values, such as `x-forwarded-for: 203.0.113.7`. */
  readonly fields: readonly string[];
  /** The name that the request was for by then, where it is no name of this machine's loopback. */
  readonly host: string | undefined;
}

/** Whose fields they are, by their names. */
const VENDORS: readonly (readonly [prefix: string, vendor: string])[] = [
  ["x-vercel-", "Vercel"],
  ["cf-", "Cloudflare"],
  ["fly-", "Fly.io"],
  ["fastly-", "Fastly"],
  ["tailscale-", "Tailscale Serve"],
  ["x-envoy-", "Envoy"],
  ["x-amz-", "Amazon CloudFront"],
];

/** What the shim took away from a connection, and what it changed Host from. */
export function additionsOf({ stripped, hostFrom }: Pick<SeenOutcome, "stripped" | "hostFrom">): Additions {
  return {
    fields: Object.entries(stripped).map(([name, value]) => `${name}: ${value}`),
    host: strange(hostFrom),
  };
}

/** What reached a gateway that is at the end of a way without a shim. */
export function additionsSeenByGateway({ attempt, logged, toolUrl }: PathFacts): Additions {
  const called = attempt?.connected ? attempt.hello.calledAs : undefined;
  // The gateway puts its own port behind the name; what Host had there is not known.
  const host = logged?.host ?? parseAuthority(called?.host ?? "")?.name;
  const https = called?.scheme === "https:" && toolUrl.url?.protocol === "ws:";
  return {
    fields: [
      ...(logged?.forwardedFor === undefined ? [] : [`x-forwarded-for: ${logged.forwardedFor}`]),
      ...(https ? ["x-forwarded-proto: https"] : []),
    ],
    // A client's own Host is the URL's; only another one was put there on the way.
    host: host === toolUrl.url?.host || host === toolUrl.url?.hostname ? undefined : strange(host),
  };
}

/** Vendors whose fields or answers are among these texts, each `name: value`. */
export function vendorsOf(texts: readonly string[]): readonly string[] {
  const names = texts.map((text) => canonicalName(text.split(":", 1)[0] ?? ""));
  return VENDORS.filter(([prefix]) => names.some((name) => name.startsWith(prefix))).map(
    ([, vendor]) => vendor,
  );
}

function strange(host: string | undefined): string | undefined {
  const name = parseAuthority(host ?? "")?.name;
  if (host === undefined || (name !== undefined && isLoopbackName(name))) return undefined;
  return host;
}
