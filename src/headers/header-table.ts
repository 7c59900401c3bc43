import { ipFamily } from "../net/ip-address.ts";
import { printable } from "../text/printable.ts";

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

/** One header, or family of headers, that tells who the client of an earlier connection, or its user, was. */
export interface ForwardingHeader {
  /** In canonical form; a final `*` stands for every name with this prefix. */
  readonly name: string;
  readonly carries: HeaderContent;
  /** The product that adds it, where it is one's own; docs/headers.md has its documentation. */
  readonly addedBy?: string | undefined;
}

const ROWS: readonly (readonly [names: string, carries: HeaderContent, addedBy?: string])[] = [
  ["forwarded", "forwarded"],
  ["via", "via"],
  ["x-forwarded-for x-forwarded-client-ip x-forwarded forwarded-for x-real-ip x-client-ip", "addresses"],
  ["client-ip true-client-ip x-cluster-client-ip x-original-for x-original-forwarded-for", "addresses"],
  ["proxy-client-ip wl-proxy-client-ip x-originating-ip x-proxyuser-ip", "addresses"],
  ["x-forwarded-host x-forwarded-server x-original-host", "host"],
  ["x-forwarded-port", "port"],
  ["x-forwarded-proto", "scheme"],
  ["x-forwarded* x-original-*", "unspecified"],
  ["x-host", "host", "lighttpd"],
  ["x-azure-clientip x-azure-socketip", "addresses", "Azure Front Door"],
  ["x-azure-*", "unspecified", "Azure Front Door"],
  ["cf-connecting-ip cf-connecting-ipv6", "addresses", "Cloudflare"],
  ["cf-ipcountry", "country", "Cloudflare"],
  ["cf-*", "unspecified", "Cloudflare"],
  ["cloudfront-viewer-address", "addresses", "Amazon CloudFront"],
  ["cloudfront-*", "unspecified", "Amazon CloudFront"],
  ["do-connecting-ip", "addresses", "DigitalOcean App Platform"],
  ["x-envoy-external-address", "addresses", "Envoy"],
  ["fastly-client-ip", "addresses", "Fastly"],
  ["fly-client-ip", "addresses", "Fly.io"],
  ["fly-forwarded-port", "port", "Fly.io"],
  ["fly-forwarded-proto", "scheme", "Fly.io"],
  ["fly-*", "unspecified", "Fly.io"],
  ["x-appengine-user-ip", "addresses", "Google App Engine"],
  ["x-appengine-*", "unspecified", "Google App Engine"],
  ["x-nf-client-connection-ip", "addresses", "Netlify"],
  ["x-railway-*", "unspecified", "Railway"],
  ["x-vercel-forwarded-for x-vercel-proxied-for", "addresses", "Vercel"],
  ["x-vercel-ip-country", "country", "Vercel"],
  ["x-vercel-*", "unspecified", "Vercel"],
  ["client-cert* ssl-client-* x-ssl-client-*", "identity"],
  ["remote-* x-remote-* x-user x-email x-webauth-*", "identity"],
  ["x-authenticated-* x-consumer-* x-credential-*", "identity"],
  ["x-token-subject x-token-user-*", "identity", "AuthCrunch"],
  ["x-authentik-*", "identity", "authentik"],
  ["x-amzn-mtls-*", "identity", "AWS Application Load Balancer with mutual TLS"],
  ["x-amzn-oidc-*", "identity", "AWS Application Load Balancer"],
  ["x-ms-client-principal* x-ms-token-*", "identity", "Azure App Service"],
  ["x-daytona-*", "identity", "Daytona"],
  ["e2b-*", "identity", "E2B"],
  ["x-goog-authenticated-user-* x-goog-iap-*", "identity", "Google IAP"],
  ["ngrok-auth-*", "identity", "ngrok"],
  ["x-auth-request-*", "identity", "OAuth2 Proxy"],
  ["x-pomerium-*", "identity", "Pomerium"],
  ["x-replit-user-*", "identity", "Replit"],
  ["tailscale-*", "identity", "Tailscale Serve"],
  ["teleport-jwt-assertion", "identity", "Teleport"],
  ["x-vouch-*", "identity", "Vouch Proxy"],
];

/**
 * Every forwarding and proxy-identity header: the shim deletes them, `--forwarded` judges their addresses, the log
 * shows their values only in the form that is given here, and doctor names the product that adds them. The gateway
 * counts the `x-forwarded-` prefix, `forwarded`, `x-real-ip` and `tailscale-`, empty values included
 * (docs/gateway.md section 1), and with trusted-proxy authentication whichever header its configuration names as the
 * user's (section 8). All are hints that anybody can forge.
 */
export const FORWARDING_HEADERS = ROWS.flatMap(([names, carries, addedBy]) =>
  names.split(" ").map((name): ForwardingHeader => ({ name, carries, addedBy })),
);

const BY_NAME = new Map(FORWARDING_HEADERS.map((header) => [header.name, header]));
const FAMILIES = FORWARDING_HEADERS.filter(({ name }) => name.endsWith("*")).map((header) => ({
  prefix: header.name.slice(0, -1),
  header,
}));
/** Finds that no prefix fits in one step: every field of every request is looked up twice. */
const ANY_PREFIX = new RegExp(`^(?:${FAMILIES.map(({ prefix }) => prefix).join("|")})`);

/**
 * Returns the table's entry for a header, or undefined if it is not a forwarding or proxy-identity header.
 *
 * @param name canonical
 * @param further canonical names that count, too: `--strip`
 */
export function forwardingHeader(
  name: string,
  further: readonly string[] = [],
): ForwardingHeader | undefined {
  const own = BY_NAME.get(name);
  if (own) return own;
  if (ANY_PREFIX.test(name)) return FAMILIES.find(({ prefix }) => name.startsWith(prefix))?.header;
  return further.includes(name) ? { name, carries: "unspecified" } : undefined;
}

/** Returns the name by which a field is judged: `X_Forwarded_For` is `x-forwarded-for` (CGI folds them, RFC 3875 section 4.1.18). */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes("_") ? lower.replaceAll("_", "-") : lower;
}

/** Canonical names that belong to one connection and must not be forwarded (RFC 9110 section 7.6.1). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const END_TO_END =
  /^(?:authorization|content-(?:length|type)|cookie|host|origin|referer|sec-.*|x-openclaw-.*)$/;

/**
 * Returns true if a canonical name must reach the gateway, whatever `Connection` or `--strip` names: a page without its
 * `Origin` or `Sec-Fetch-Site` would look like a command-line tool (docs/gateway.md section 4).
 */
export function isEndToEnd(name: string): boolean {
  return END_TO_END.test(name);
}

/** Returns every value of the field with that canonical name, in order. */
export function fieldValues(rawHeaders: readonly string[], canonical: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    if (name.length === canonical.length && name.toLowerCase() === canonical)
      values.push(rawHeaders[i + 1] ?? "");
  }
  return values;
}

/** Returns the canonical options of all `Connection` fields (RFC 9110 section 7.6.1). */
export function connectionOptions(rawHeaders: readonly string[]): Set<string> {
  const options = fieldValues(rawHeaders, "connection").flatMap((value) => value.split(","));
  return new Set(options.map((option) => canonicalName(option.trim())).filter((name) => name !== ""));
}

const FIELD_LIMIT = 32;
const VALUE_LIMIT = 200;

/** RFC 7239 section 4. */
const FORWARDED_PAIR = /^(?:for|by|proto|host)=(?:"[\w.:[\]-]{0,64}"|[\w.:-]{0,64})$/i;
/** RFC 9110 section 7.6.3. */
const VIA_ITEM = /^(?:HTTP\/)?\d(?:\.\d)? [\w.:-]{1,64}(?: \([\w ./-]{0,64}\))?$/i;

/** The form that a value must have to be shown. Anybody can send these fields, and some carry credentials. */
const SHOWN: Readonly<Record<HeaderContent, (value: string) => boolean>> = {
  addresses: isAddressList,
  forwarded: (value) => everyItem(value, /[;,]/, FORWARDED_PAIR),
  via: (value) => everyItem(value, ",", VIA_ITEM),
  host: (value) => /^[a-z0-9.-]{1,128}(?::\d{1,5})?$/i.test(value),
  port: (value) => /^\d{1,5}$/.test(value),
  scheme: (value) => /^(?:https?|wss?)$/i.test(value),
  country: (value) => /^[A-Z][A-Z0-9]$/.test(value),
  identity: isAddressList,
  unspecified: isAddressList,
};

/**
 * Returns the stripped fields as the outcome line shows them, by lower-case name. Values that are not in the form of
 * their field are `(not shown)`: `cf-access-jwt-assertion` and `x-original-url` carry credentials.
 */
export function strippedForLog(
  fields: readonly (readonly [name: string, value: string])[],
): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [received, value] of fields.slice(0, FIELD_LIMIT)) {
    const name = printable(received.toLowerCase(), 64);
    const mayShow = SHOWN[forwardingHeader(canonicalName(received))?.carries ?? "unspecified"];
    const text = value === "" || (value.length <= VALUE_LIMIT && mayShow(value)) ? value : "(not shown)";
    shown[name] = Object.hasOwn(shown, name) ? `${shown[name]}, ${text}` : text;
  }
  return shown;
}

/** Matches items one by one: a pattern for a whole list can backtrack without end (CWE-1333). */
function everyItem(value: string, separator: string | RegExp, item: RegExp): boolean {
  return value.split(separator).every((text) => text.trim() === "" || item.test(text.trim()));
}

function isAddressList(value: string): boolean {
  return value.split(",").every((item) => ipFamily(item.trim().replace(/^\[(.*)\](?::\d+)?$/, "$1")) !== 0);
}
