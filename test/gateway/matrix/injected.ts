import type { Header } from "../../support/header-injecting-proxy.ts";

/** The headers that a header-injecting proxy adds to each request. */
export interface Injected {
  readonly name: string;
  readonly headers: readonly Header[];
  /** True if they have a public client address. */
  readonly isPublic: boolean;
}

/** The Host that a header-injecting proxy sets, which is also the host of the page's origin. */
export const REWRITTEN_HOST = "sb.vercel.run";
export const REWRITTEN_ORIGIN = `https://${REWRITTEN_HOST}`;

/** An address of RFC 5737's documentation network, which is not private. */
const PUBLIC = "203.0.113.7";

/** Every header of docs/gateway.md section 1 that matters to a release, or that proxies are known to send. */
const SINGLE: readonly Header[] = [
  ["X-Forwarded-For", PUBLIC],
  ["X-Forwarded-For", "127.0.0.1"],
  ["X-Forwarded-For", ""],
  ["X-Forwarded-Host", REWRITTEN_HOST],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Port", "443"],
  ["X-Forwarded-Prefix", "/openclaw"],
  ["Forwarded", `for=${PUBLIC};proto=https`],
  ["X-Real-IP", PUBLIC],
  ["Via", "1.1 vercel"],
  ["CF-Connecting-IP", PUBLIC],
  ["CF-Ray", "8f1e2d3c4b5a6978-FRA"],
  ["True-Client-IP", PUBLIC],
  ["X-Client-IP", PUBLIC],
  ["X-Cluster-Client-IP", PUBLIC],
  ["Fly-Client-IP", PUBLIC],
  ["Tailscale-User-Login", "somebody@example.com"],
  ["Tailscale-User-Name", "Somebody"],
  ["X-Vercel-Forwarded-For", PUBLIC],
  ["X-Vercel-Id", "fra1::iad1::abcde-1795229237341-0123456789ab"],
  ["X-Original-Forwarded-For", PUBLIC],
  ["X-Original-Host", REWRITTEN_HOST],
];

/** Headers whose row name has the value. */
const MANY_VALUED = new Set(["X-Forwarded-For"]);

/** No header, each header alone, and all headers. */
export const INJECTED: readonly Injected[] = [
  { name: "nothing", headers: [], isPublic: false },
  ...SINGLE.map(([name, value]) => ({
    name: MANY_VALUED.has(name) ? `\`${name}: ${value}\``.replace(": `", ":` (empty)") : `\`${name}\``,
    headers: [[name, value] as const],
    isPublic: value.includes(PUBLIC),
  })),
  { name: "all of them", headers: SINGLE, isPublic: true },
];
