import { isLoopbackName, type HostPort } from "../../net/authority.ts";
import {
  GATEWAY_PORT,
  gatewayPortVariable,
  isPort,
  section,
  type Environment,
} from "../../openclaw/config.ts";
import { readToken, Secret } from "../../openclaw/token.ts";
import { shownValue } from "../../settings/settings-error.ts";
import type { Settings } from "../../settings/settings.ts";
import { webSocketUrl } from "../../settings/parsers.ts";
import type { OpenclawFiles } from "./openclaw-files.ts";

/** Source of a URL that no setting names. */
export const DEFAULT = "OpenClaw's default";

/** A ws:// or wss:// URL that tools connect to. */
export type ToolUrl = Exclude<ReturnType<typeof readToolUrl>, { readonly leadsTo: "nowhere" }>;

type Source =
  | "--via"
  | "OPENCLAW_GATEWAY_URL"
  | "gateway.remote.url"
  | "OPENCLAW_GATEWAY_PORT"
  | "gateway.port"
  | typeof DEFAULT;

/**
 * Returns where OpenClaw's tools connect: `OPENCLAW_GATEWAY_URL`, else `gateway.remote.url` in mode `remote`, else the
 * port of the gateway on this machine (OpenClaw `src/gateway/call.ts`).
 *
 * @param env must be the environment of the tools
 */
export function toolUrl(settings: Settings, env: Environment, gateway: OpenclawFiles["gateway"] = {}) {
  const variable = env["OPENCLAW_GATEWAY_URL"]?.trim();
  if (variable) return readToolUrl("OPENCLAW_GATEWAY_URL", variable, settings);
  const remote = section(gateway, "remote")["url"];
  if (gateway["mode"] === "remote" && typeof remote === "string")
    return readToolUrl("gateway.remote.url", remote.trim(), settings);
  const named = gatewayPortVariable(env);
  const configured = isPort(gateway["port"]) ? gateway["port"] : undefined;
  const scheme = section(gateway, "tls")["enabled"] === true ? "wss" : "ws";
  const source = named ? "OPENCLAW_GATEWAY_PORT" : configured ? "gateway.port" : DEFAULT;
  return readToolUrl(source, `${scheme}://127.0.0.1:${named ?? configured ?? GATEWAY_PORT}`, settings);
}

/** Reads one URL and finds the server at its address. `shown` is for messages: no userinfo, no query. */
export function readToolUrl(source: Source, text: string, { listen, gateway }: Settings) {
  const shown = shownValue(text);
  if ("problem" in webSocketUrl(text)) return { source, shown, leadsTo: "nowhere" as const };
  const url = new URL(text);
  url.hash = ""; // WebSocket clients refuse one (RFC 6455 section 3)
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port) || (url.protocol === "wss:" ? 443 : 80);
  const isAt = (other: HostPort): boolean =>
    port === other.port && (host === other.host || isLoopbackName(host));
  const server = isAt(gateway) ? ("gateway" as const) : ("elsewhere" as const);
  return { source, shown, url, host, port, leadsTo: listen.some(isAt) ? ("shim" as const) : server };
}

/** Returns the names of the variables that send a tool's requests to a URL through an HTTP proxy. */
export function proxyVariables(env: Environment, { host, url }: ToolUrl): readonly string[] {
  const bypass = (env["no_proxy"] ?? env["NO_PROXY"] ?? "").toLowerCase().split(/[\s,]+/);
  const isLocal = host.startsWith("127.");
  const isBypassed = (item: string): boolean =>
    item === "*" || item.replace(/:\d+$/, "") === host || (isLocal && /^127\..*\/8$/.test(item));
  if (bypass.some(isBypassed) || bypass.includes(host)) return [];
  const names = [url.protocol === "wss:" ? "https_proxy" : "http_proxy", "all_proxy"];
  return names.flatMap((name) => [name, name.toUpperCase()]).filter((name) => env[name]);
}

/** What the gateway is sent for authentication; or why there is nothing to send. */
export type Credential = ReturnType<typeof readCredential>;

/**
 * Finds the credential of the tools: the token as `--approve` finds it, else `OPENCLAW_GATEWAY_PASSWORD`.
 *
 * @param mode `gateway.auth.mode` of OpenClaw's config: with `password`, a token is of no use
 */
export function readCredential(tokenFile: string | undefined, env: Environment, mode: unknown) {
  const token = readToken(tokenFile, env);
  const from = "OPENCLAW_GATEWAY_PASSWORD";
  const password = env[from];
  if (password && ("why" in token || mode === "password"))
    return { kind: "password" as const, secret: new Secret(password), from, fromEnvironment: true };
  if (mode === "password" && "why" in token)
    return { why: "gateway.auth.mode is password", fix: `set ${from}` };
  const fromEnvironment = tokenFile === undefined && Boolean(env["OPENCLAW_GATEWAY_TOKEN"]?.trim());
  return "why" in token ? token : { kind: "token" as const, ...token, fromEnvironment };
}

/**
 * Returns true if doctor may send the credential to a URL. It only goes where OpenClaw's tools would send it: to this
 * machine, or over TLS to a URL that the user gave for it. `gateway.remote.url` has a token of its own.
 */
export function maySend(credential: Credential, { source, url, host }: ToolUrl): boolean {
  if ("why" in credential) return false;
  if (isLoopbackName(host)) return true;
  if (url.protocol !== "wss:") return false;
  return source === "--via" || (source === "OPENCLAW_GATEWAY_URL" && credential.fromEnvironment);
}
