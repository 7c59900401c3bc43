import type { Header } from "../support/header-injecting-proxy.ts";

const CLIENT = "203.0.113.7";

/** What a platform's proxy does with a request from the internet; the sources are in docs/sandboxes.md. */
export interface PlatformHop {
  /** The heading of its recipe. */
  readonly heading: string;
  /** The Host that arrives in the sandbox. */
  readonly host: string;
  readonly headers: readonly Header[];
  /** The addresses of the proxy and of the container; without it the proxy dials the container's loopback. */
  readonly link?: { readonly proxy: string; readonly container: string };
  /** True if nothing in the request shows that it comes from the internet. */
  readonly clean?: boolean;
}

const CLOUDFLARE: readonly Header[] = [
  ["CF-Connecting-IP", CLIENT],
  ["CF-IPCountry", "DE"],
  ["CF-Ray", "230b030023ae2822-SJC"],
  ["CF-Visitor", '{"scheme":"https"}'],
  ["CDN-Loop", "cloudflare; loops=1"],
  ["X-Forwarded-For", CLIENT],
  ["X-Forwarded-Proto", "https"],
];

export const PLATFORM_HOPS: readonly PlatformHop[] = [
  { heading: "E2B", host: "18788-i62mff4ahtrdfdkyn2esc.e2b.app", headers: [], clean: true },
  {
    heading: "Daytona",
    host: "localhost:8788",
    headers: [
      ["X-Forwarded-Host", "8788-sandbox-123456.proxy.daytona.work"],
      ["X-Forwarded-For", `${CLIENT}, 10.0.3.4, 172.20.0.1`],
      ["X-Daytona-Preview-Token", "vg5c0ylmcimr8b_v1ne0u6mdnvit6gc0"],
    ],
  },
  {
    heading: "Fly Machines",
    host: "app.fly.dev",
    headers: [
      ["Fly-Client-IP", CLIENT],
      ["Fly-Forwarded-Port", "443"],
      ["Fly-Region", "fra"],
      ["X-Forwarded-For", `${CLIENT}, 2a09:8280:1::af:1aa1:0`],
      ["X-Forwarded-Proto", "https"],
      ["X-Forwarded-Port", "443"],
      ["X-Forwarded-SSL", "on"],
      ["Via", "2 fly.io"],
    ],
    link: { proxy: "172.19.2.97", container: "172.19.2.98" },
  },
  {
    heading: "Railway",
    host: "app.up.railway.app",
    headers: [
      ["X-Real-IP", CLIENT],
      ["X-Forwarded-Proto", "https"],
      ["X-Forwarded-Host", "app.up.railway.app"],
      ["X-Railway-Edge", "railway/europe-west4"],
      ["X-Request-Start", "1795229237341"],
      ["X-Railway-Request-Id", "abcDEF123-_"],
    ],
    link: { proxy: "10.77.0.1", container: "10.77.0.2" },
  },
  {
    heading: "Cloudflare Containers",
    host: "claw.example.workers.dev",
    headers: CLOUDFLARE,
    link: { proxy: "10.0.0.2", container: "10.0.0.1" },
  },
  { heading: "Cloudflare Tunnel", host: "ten-towns-join.trycloudflare.com", headers: CLOUDFLARE },
  {
    heading: "Docker Sandboxes",
    host: "127.0.0.1:18788",
    headers: [],
    link: { proxy: "192.168.65.1", container: "192.168.65.2" },
    clean: true,
  },
];

/** What a recipe says about the shim: the arguments of `run` and its `OPENCLAW_SHIM_*` variables. */
export interface RecipeShim {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The port of its listener. */
  readonly port: number;
}

/** Reads a recipe of docs/sandboxes.md. `PEERS` is replaced. @throws Error if it has no port */
export function readRecipe(page: string, heading: string, peers = ""): RecipeShim {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [text = ""] = section.replaceAll("PEERS", peers).split("\n## ", 1);
  const [, command = ""] = /openclaw-shim\.mjs run ([^"&\n]*)/.exec(text) ?? [];
  const variables = text.matchAll(/^ *(OPENCLAW_SHIM_\w+)(?: = |=|: )"?([^"\n]+?)"?,?$/gm);
  const env = Object.fromEntries([...variables].map(([, name = "", value = ""]) => [name, value]));
  const [, port] = /:(\d+)/.exec(`${command} ${env["OPENCLAW_SHIM_LISTEN"] ?? ""}`) ?? [];
  if (port === undefined) throw new Error(`${heading} has no port`);
  return { args: command.split(" ").filter((word) => word !== ""), env, port: Number(port) };
}
