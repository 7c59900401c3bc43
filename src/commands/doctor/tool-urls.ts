import { isLoopbackName } from "../../net/authority.ts";
import type { Environment } from "../../openclaw/config.ts";
import { quoted } from "../../settings/settings-error.ts";
import { section } from "../../openclaw/config.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Credential } from "./credential.ts";

/** Who says that tools connect there. */
export type UrlSource =
  | "--via"
  | "OPENCLAW_GATEWAY_URL"
  | "gateway.remote.url"
  | "gateway.port"
  /** Nobody says anything. */
  | "OpenClaw's default";

/** A URL that tools connect to. */
export interface ToolUrl {
  readonly source: UrlSource;
  /** For messages: no userinfo, no query. */
  readonly shown: string;
  /** Undefined where it is no ws:// or wss:// URL. */
  readonly url: URL | undefined;
  /** Where it leads, as far as the address says. */
  readonly leadsTo: "shim" | "gateway" | "elsewhere";
}

/** OpenClaw's own default (docs/gateway/index.md). */
const DEFAULT_PORT = 18_789;

/**
 * Where OpenClaw's tools connect: `OPENCLAW_GATEWAY_URL`, else `gateway.remote.url` in mode `remote`, else the port of
 * the gateway on this machine (OpenClaw `src/gateway/call.ts`). The shim's environment must be the tools'.
 */
export function toolUrl(
  settings: Settings,
  env: Environment,
  gateway: Readonly<Record<string, unknown>> = {},
): ToolUrl {
  const variable = env["OPENCLAW_GATEWAY_URL"]?.trim();
  if (variable) return readToolUrl("OPENCLAW_GATEWAY_URL", variable, settings);
  const remote = section(gateway, "remote")["url"];
  if (gateway["mode"] === "remote" && typeof remote === "string") {
    return readToolUrl("gateway.remote.url", remote.trim(), settings);
  }
  const [, digits] = /(?:^|:)(\d+)$/.exec(env["OPENCLAW_GATEWAY_PORT"]?.trim() ?? "") ?? [];
  const configured = typeof gateway["port"] === "number" ? gateway["port"] : undefined;
  const port = digits ?? configured;
  const source = port === undefined ? "OpenClaw's default" : "gateway.port";
  const scheme = section(gateway, "tls")["enabled"] === true ? "wss" : "ws";
  return readToolUrl(source, `${scheme}://127.0.0.1:${port ?? DEFAULT_PORT}`, settings);
}

/** Reads one URL and sees whether it is the shim's or the gateway's. */
export function readToolUrl(source: UrlSource, text: string, settings: Settings): ToolUrl {
  const shown = quoted(text).slice(1, -1);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^wss?:$/.test(url.protocol) || url.host === "") {
    return { source, shown, url: undefined, leadsTo: "elsewhere" };
  }
  url.hash = ""; // WebSocket clients refuse one (RFC 6455 section 3)
  return { source, shown, url, leadsTo: whereItLeads(url, settings) };
}

/**
 * A token or password only goes where OpenClaw's tools would send it: to this machine, or, over TLS, where somebody says to.
 * What `gateway.remote.url` names has a token of its own.
 */
export function mayCarry({ source, url }: ToolUrl, credential: Credential): boolean {
  if (!url || "why" in credential) return false;
  if (isLoopbackName(hostOf(url))) return true;
  if (url.protocol !== "wss:") return false;
  const { from } = credential;
  return source === "--via" || (source === "OPENCLAW_GATEWAY_URL" && from.startsWith("OPENCLAW_GATEWAY_"));
}

/** The host of a URL without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** The port of a URL, or its scheme's default (RFC 6455 section 3). */
export function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "wss:" ? 443 : 80;
}

function whereItLeads(url: URL, { listen, gateway }: Settings): ToolUrl["leadsTo"] {
  const host = hostOf(url);
  const port = portOf(url);
  const isSame = (other: { host: string; port: number }): boolean =>
    port === other.port && (host === other.host || isLoopbackName(host));
  if (listen.some(isSame)) return "shim";
  return isSame(gateway) ? "gateway" : "elsewhere";
}

/** Names of the variables that send a tool's requests to `url` through an HTTP proxy; none where they do not. */
export function proxyVariables(env: Environment, url: URL): readonly string[] {
  const names = url.protocol === "wss:" ? ["https_proxy", "all_proxy"] : ["http_proxy", "all_proxy"];
  const set = names.flatMap((name) => [name, name.toUpperCase()]).filter((name) => env[name]);
  const bypass = (env["no_proxy"] ?? env["NO_PROXY"] ?? "")
    .split(",")
    .map((item) => item.trim().toLowerCase());
  const host = hostOf(url);
  const covered = bypass.some(
    (item) =>
      item === "*" ||
      item.replace(/:\d+$/, "") === host ||
      item === host ||
      (item.startsWith("127.") && item.endsWith("/8") && host.startsWith("127.")),
  );
  return covered ? [] : set;
}
