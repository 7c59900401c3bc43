import { isLoopbackName } from "../../net/authority.ts";
import { GATEWAY_PORT, gatewayPortVariable, section, type Environment } from "../../openclaw/config.ts";
import { shownValue } from "../../settings/settings-error.ts";
import type { Settings } from "../../settings/settings.ts";

/** A URL that tools connect to. */
export interface ToolUrl {
  readonly source: "--via" | "OPENCLAW_GATEWAY_URL" | "gateway.remote.url" | "gateway.port" | typeof DEFAULT;
  /** For messages: no userinfo, no query. */
  readonly shown: string;
  /** Undefined if it is not a ws:// or wss:// URL. */
  readonly url: URL | undefined;
  /** The server at that address. */
  readonly leadsTo: "shim" | "gateway" | "elsewhere";
}

/** Source of a URL that no setting names. */
export const DEFAULT = "OpenClaw's default";

/**
 * Returns where OpenClaw's tools connect: `OPENCLAW_GATEWAY_URL`, else `gateway.remote.url` in mode `remote`, else the
 * port of the gateway on this machine (OpenClaw `src/gateway/call.ts`).
 *
 * @param env must be the environment of the tools
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
  const configured = typeof gateway["port"] === "number" ? gateway["port"] : undefined;
  const port = gatewayPortVariable(env) ?? configured;
  const scheme = section(gateway, "tls")["enabled"] === true ? "wss" : "ws";
  const source = port === undefined ? DEFAULT : "gateway.port";
  return readToolUrl(source, `${scheme}://127.0.0.1:${port ?? GATEWAY_PORT}`, settings);
}

/** Reads one URL and compares its address with those of the shim and the gateway. */
export function readToolUrl(source: ToolUrl["source"], text: string, settings: Settings): ToolUrl {
  const shown = shownValue(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^wss?:$/.test(url.protocol) || url.host === "") {
    return { source, shown, url: undefined, leadsTo: "elsewhere" };
  }
  url.hash = ""; // WebSocket clients refuse one (RFC 6455 section 3)
  const host = hostOf(url);
  const leadsTo = (other: { host: string; port: number }): boolean =>
    portOf(url) === other.port && (host === other.host || isLoopbackName(host));
  if (settings.listen.some(leadsTo)) return { source, shown, url, leadsTo: "shim" };
  return { source, shown, url, leadsTo: leadsTo(settings.gateway) ? "gateway" : "elsewhere" };
}

/** Returns the host of a URL without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** Returns the port of a URL, or its scheme's default (RFC 6455 section 3). */
export function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "wss:" ? 443 : 80;
}

/** Returns the names of the variables that send a tool's requests to `url` through an HTTP proxy. */
export function proxyVariables(env: Environment, url: URL): readonly string[] {
  const host = hostOf(url);
  const bypass = (env["no_proxy"] ?? env["NO_PROXY"] ?? "").toLowerCase().split(",");
  const isBypassed = bypass
    .map((item) => item.trim())
    .some(
      (item) =>
        item === "*" ||
        item === host ||
        item.replace(/:\d+$/, "") === host ||
        (item.startsWith("127.") && item.endsWith("/8") && host.startsWith("127.")),
    );
  if (isBypassed) return [];
  const names = [url.protocol === "wss:" ? "https_proxy" : "http_proxy", "all_proxy"];
  return names.flatMap((name) => [name, name.toUpperCase()]).filter((name) => env[name]);
}
