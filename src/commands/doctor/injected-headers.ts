import { canonicalName } from "../../headers/header-names.ts";
import { isLoopbackName, parseAuthority } from "../../net/authority.ts";

/** What a path adds to requests, as far as it was seen. */
export interface InjectedHeaders {
  /** Forwarding header fields: values by name. */
  readonly fields: Readonly<Record<string, string>>;
  /** The Host that arrived, unless it is a loopback name. */
  readonly host: string | undefined;
}

/** Vendors by the prefix of their header fields. */
const VENDORS: readonly (readonly [prefix: string, vendor: string])[] = [
  ["x-vercel-", "Vercel"],
  ["cf-", "Cloudflare"],
  ["fly-", "Fly.io"],
  ["fastly-", "Fastly"],
  ["tailscale-", "Tailscale Serve"],
  ["x-envoy-", "Envoy"],
  ["x-amz-", "Amazon CloudFront"],
];

/** Returns the vendors that send header fields of these names. */
export function vendorsOf(names: readonly string[]): readonly string[] {
  const canonical = names.map((name) => canonicalName(name));
  return VENDORS.filter(([prefix]) => canonical.some((name) => name.startsWith(prefix))).map(
    ([, vendor]) => vendor,
  );
}

/** Returns a Host unless it is a loopback name. */
export function foreignHost(host: string | undefined): string | undefined {
  const name = parseAuthority(host ?? "")?.name;
  return name !== undefined && isLoopbackName(name) ? undefined : host;
}
