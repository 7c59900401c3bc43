import { startInjectingProxy } from "../support/header-injecting-proxy.ts";
import type { Header, InjectingProxy } from "../support/header-injecting-proxy.ts";

/** The Host and headers that Vercel's sandboxes set in each request to a port of the machine. */
export const VERCEL_HOST = "sb.vercel.run";
export const VERCEL_HEADERS: readonly Header[] = [
  ["X-Forwarded-For", "203.0.113.7"],
  ["X-Forwarded-Host", VERCEL_HOST],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Port", "443"],
  ["X-Real-IP", "203.0.113.7"],
  ["Forwarded", `for=203.0.113.7;host=${VERCEL_HOST};proto=https`],
  ["Via", "1.1 vercel"],
  ["x-vercel-forwarded-for", "203.0.113.7"],
  ["x-vercel-id", "fra1::iad1::abcde-1795229237341-0123456789ab"],
  ["x-vercel-proxied-for", "203.0.113.7"],
];

/** Starts a header-injecting proxy in front of a port of 127.0.0.1 that rewrites Host and adds these headers. */
export async function startVercelProxy(port: number): Promise<InjectingProxy> {
  return startInjectingProxy({
    target: { host: "127.0.0.1", port },
    host: VERCEL_HOST,
    headers: VERCEL_HEADERS,
  });
}
