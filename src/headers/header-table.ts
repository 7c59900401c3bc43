import { isIP } from "node:net";
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

const BY_NAME = new Map(FORWARDING_HEADERS.map((header) => [header.name, header]));
const FAMILIES = FORWARDING_HEADERS.filter(({ name }) => name.endsWith("*")).map((header) => ({
  prefix: header.name.slice(0, -1),
  header,
}));

/** Returns the table's entry for a canonical header name, or undefined if it is not a forwarding header. */
export function forwardingHeader(name: string): ForwardingHeader | undefined {
  return BY_NAME.get(name) ?? FAMILIES.find(({ prefix }) => name.startsWith(prefix))?.header;
}

/** Returns the name by which a field is judged: `X_Forwarded_For` is `x-forwarded-for` (CGI folds them, RFC 3875 section 4.1.18). */
export function canonicalName(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
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

const END_TO_END = new Set(["authorization", "content-length", "content-type", "cookie", "host", "origin"]);

/**
 * Returns true if a canonical name must reach the gateway even if `Connection` names it: a client that could have
 * `Origin` removed would look like a command-line tool (docs/gateway.md section 4).
 */
export function isEndToEnd(name: string): boolean {
  return END_TO_END.has(name) || name.startsWith("sec-websocket-") || name.startsWith("x-openclaw-");
}

/** Returns every value of the field with that canonical name, in order. */
export function fieldValues(rawHeaders: readonly string[], canonical: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = [rawHeaders[i], rawHeaders[i + 1]];
    if (name.length === canonical.length && name.toLowerCase() === canonical) values.push(value);
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
  return value.split(",").every((item) => isIP(item.trim().replace(/^\[(.*)\](?::\d+)?$/, "$1")) !== 0);
}
