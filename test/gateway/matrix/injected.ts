import type { Header } from "../../support/header-injecting-proxy.ts";

/** What a header-injecting proxy puts into each request. */
export interface Injected {
  readonly name: string;
  readonly headers: readonly Header[];
  /** It names a client on the public internet. */
  readonly isPublic: boolean;
}

/** The Host that a header-injecting proxy sets, and the name under which a browser then knows the machine. */
export const REWRITTEN_HOST = "sb.vercel.run";

/** RFC 5737's test network: nobody's address, and not a private one. */
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

/** Where the value is part of the question, and so of the name. */
const MANY_VALUED = new Set(["X-Forwarded-For"]);

/** Nothing, each header alone, all together. */
export const INJECTED: readonly Injected[] = [
  { name: "nothing", headers: [], isPublic: false },
  ...SINGLE.map(([name, value]) => ({
    name: MANY_VALUED.has(name) ? `\`${name}: ${value}\``.replace(": `", ":` (empty)") : `\`${name}\``,
    headers: [[name, value] as const],
    isPublic: value.includes(PUBLIC),
  })),
  { name: "all of them", headers: SINGLE, isPublic: true },
];
