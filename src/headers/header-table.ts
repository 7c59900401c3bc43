import { canonicalName } from "./header-names.ts";

/**
 * What the value of a forwarding header is: client addresses, the list forms of RFC 7239 and RFC 9110 section 7.6.3,
 * a host name, a port, a scheme, a country, who the user is, or nothing with a known form.
 */
export type HeaderContent =
  | "addresses"
  | "forwarded"
  | "via"
  | "host"
  | "port"
  | "scheme"
  | "country"
  | "identity"
  | "unspecified";

/** One header, or family of headers, that tells who the client of an earlier connection was. */
export interface ForwardingHeader {
  /** In canonical form; a final `*` stands for every name with this prefix. */
  readonly name: string;
  readonly carries: HeaderContent;
  /** The product that adds it, where it is one's own. */
  readonly addedBy?: string;
}

/**
 * Every forwarding and proxy-identity header: the shim deletes them, `--forwarded` judges their addresses, the log
 * shows their values only in the form that is given here, and doctor names the product that adds them. The gateway
 * counts the `x-forwarded-` prefix, `forwarded`, `x-real-ip` and `tailscale-`, empty values included
 * (docs/gateway.md section 1); the others are hints that anybody can forge.
 */
export const FORWARDING_HEADERS: readonly ForwardingHeader[] = [
  { name: "forwarded", carries: "forwarded" },
  { name: "via", carries: "via" },
  { name: "x-forwarded-for", carries: "addresses" },
  { name: "x-forwarded-client-ip", carries: "addresses" },
  { name: "x-forwarded", carries: "addresses" },
  { name: "x-forwarded-host", carries: "host" },
  { name: "x-forwarded-server", carries: "host" },
  { name: "x-forwarded-port", carries: "port" },
  { name: "x-forwarded-proto", carries: "scheme" },
  { name: "x-forwarded*", carries: "unspecified" },
  { name: "forwarded-for", carries: "addresses" },
  { name: "x-real-ip", carries: "addresses" },
  { name: "x-client-ip", carries: "addresses" },
  { name: "client-ip", carries: "addresses" },
  { name: "true-client-ip", carries: "addresses" },
  { name: "x-cluster-client-ip", carries: "addresses" },
  { name: "x-original-for", carries: "addresses" },
  { name: "x-original-forwarded-for", carries: "addresses" },
  { name: "x-original-host", carries: "host" },
  { name: "x-original-*", carries: "unspecified" },
  { name: "cf-connecting-ip", carries: "addresses", addedBy: "Cloudflare" },
  { name: "cf-connecting-ipv6", carries: "addresses", addedBy: "Cloudflare" },
  { name: "cf-ipcountry", carries: "country", addedBy: "Cloudflare" },
  { name: "cf-*", carries: "unspecified", addedBy: "Cloudflare" },
  { name: "fastly-client-ip", carries: "addresses", addedBy: "Fastly" },
  { name: "fly-client-ip", carries: "addresses", addedBy: "Fly.io" },
  { name: "fly-forwarded-port", carries: "port", addedBy: "Fly.io" },
  { name: "fly-forwarded-proto", carries: "scheme", addedBy: "Fly.io" },
  { name: "fly-forwarded-*", carries: "unspecified", addedBy: "Fly.io" },
  { name: "tailscale-*", carries: "identity", addedBy: "Tailscale Serve" },
  { name: "x-envoy-external-address", carries: "addresses", addedBy: "Envoy" },
  { name: "x-vercel-forwarded-for", carries: "addresses", addedBy: "Vercel" },
  { name: "x-vercel-proxied-for", carries: "addresses", addedBy: "Vercel" },
  { name: "x-vercel-ip-country", carries: "country", addedBy: "Vercel" },
  { name: "x-vercel-*", carries: "unspecified", addedBy: "Vercel" },
];

const BY_NAME: ReadonlyMap<string, ForwardingHeader> = new Map(
  FORWARDING_HEADERS.filter(({ name }) => !name.endsWith("*")).map((header) => [header.name, header]),
);
const BY_PREFIX: readonly (readonly [prefix: string, header: ForwardingHeader])[] = FORWARDING_HEADERS.filter(
  ({ name }) => name.endsWith("*"),
).map((header) => [header.name.slice(0, -1), header]);

/** Returns the table's entry for a header name as received, or undefined if it is not a forwarding header. */
export function forwardingHeader(received: string): ForwardingHeader | undefined {
  const name = canonicalName(received);
  return BY_NAME.get(name) ?? BY_PREFIX.find(([prefix]) => name.startsWith(prefix))?.[1];
}
