import { join } from "node:path";
import { reachableAt, reachableHost, type HostPort } from "../net/authority.ts";
import { fieldsOf, isRecord } from "../text/json.ts";
import { openclawStateDir, readOpenclawConfig, section, type Environment } from "./config.ts";
import { readSmallFile } from "./small-file.ts";
import { fromConfigValue } from "./token.ts";

/** What OpenClaw's tools need in their environment to connect to a shim. */
export interface ToolVariables {
  /** Contains no credential. A variable that is undefined must be unset: it would win over the others. */
  readonly set: Readonly<Record<string, string | undefined>>;
  /** False if the tools also need `OPENCLAW_GATEWAY_TOKEN` or `OPENCLAW_GATEWAY_PASSWORD` in their environment. */
  readonly portAlone: boolean;
  /** Why the port is enough or not, as a clause. */
  readonly why: string;
  /**
   * OpenClaw's `.env` file and the variables in it that hold the credential. Its tools read them, but not with the state
   * directory of a command that an outcome prints (`SHELL_COMMANDS`).
   */
  readonly dotenv?: { readonly path: string; readonly names: readonly string[] } | undefined;
}

/**
 * Finds the least that leads tools with this environment to a shim. With the port alone they take the rest from their
 * openclaw.json, on every release. With a URL they ignore its credentials, and 2026.2 does not read the URL
 * (docs/gateway.md section 5).
 */
export function toolVariables(listener: HostPort, env: Environment): ToolVariables {
  const isLocal = reachableHost(listener.host) === "127.0.0.1";
  const port = isLocal ? { OPENCLAW_GATEWAY_PORT: `${listener.port}` } : {};
  const config = readOpenclawConfig(env);
  const obstacle = isLocal ? obstacleIn(config) : "it leads to 127.0.0.1, and the shim listens elsewhere";
  const credential = obstacle === undefined ? findCredential(config, env) : { why: obstacle };
  if ("why" in credential) {
    const set = { OPENCLAW_GATEWAY_URL: `ws://${reachableAt(listener)}`, ...port };
    return { set, portAlone: false, why: credential.why };
  }
  const other = env["OPENCLAW_GATEWAY_URL"] ? { OPENCLAW_GATEWAY_URL: undefined } : {};
  const { from: why, dotenv } = credential;
  return { set: { ...other, ...port }, portAlone: true, why, dotenv };
}

/** Returns why tools with this config would not connect to the shim, or without a credential. */
function obstacleIn({ shownPath, object, why }: ReturnType<typeof readOpenclawConfig>): string | undefined {
  const gateway = section(object, "gateway");
  if (why !== undefined) return `${shownPath} ${why}, and tools fail until that is fixed`;
  if ((gateway["$include"] ?? object?.["$include"]) !== undefined)
    return `${shownPath} includes other files, which the shim does not read`;
  if (gateway["mode"] === "remote")
    return `gateway.mode in ${shownPath} is remote, where 2026.2 reads gateway.remote.url alone`;
  if (section(gateway, "tls")["enabled"] === true)
    return `gateway.tls in ${shownPath} is enabled, and the shim does not speak TLS`;
  return undefined;
}

/** Finds the credential that tools send if they are given the port alone. */
function findCredential({ shownPath, object }: ReturnType<typeof readOpenclawConfig>, given: Environment) {
  const auth = section(section(object, "gateway"), "auth");
  const mode = auth["mode"];
  if (mode === "none") return { from: `gateway.auth.mode in ${shownPath} is none` };
  const names = mode === "token" || mode === "password" ? [mode] : ["token", "password"];
  const file = readDotenv(given);
  const env = { ...file.variables, ...given };
  const dotenv = (used: readonly unknown[]) => {
    const found = Object.keys(file.variables).filter(
      (name) => given[name] === undefined && used.includes(name),
    );
    return found.length === 0 ? undefined : { path: file.path, names: found };
  };
  for (const name of names) {
    const value = auth[name];
    if (value === undefined) continue;
    const from = `gateway.auth.${name} in ${shownPath}`;
    const found = fromConfigValue(value, from, env);
    // Tools read the references that only OpenClaw can resolve.
    const isResolvable = "secret" in found || (isRecord(value) && fieldsOf(value)["source"] !== "env");
    if (!isResolvable) return { why: found.why };
    const inText = typeof value === "string" ? [...value.matchAll(/\$\{?(\w+)/g)] : [];
    const used = [...inText.map(([, variable]) => variable), fieldsOf(value)["id"]];
    return { from: `tools here find ${from}`, dotenv: dotenv(used) };
  }
  const variable = names
    .map((name) => `OPENCLAW_GATEWAY_${name.toUpperCase()}`)
    .find((name) => env[name]?.trim());
  if (variable !== undefined) return { from: `${variable} is set`, dotenv: dotenv([variable]) };
  return { why: `tools here find no gateway.auth.${names[0]} in ${shownPath}` };
}

/** Reads OpenClaw's `.env` file: its path, and its variables. */
function readDotenv(env: Environment) {
  const path = join(openclawStateDir(env) ?? "", ".env");
  const file = readSmallFile(path, 64 * 1024);
  const text = "why" in file ? "" : file.text;
  const lines = text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(\S.*)$/gm);
  const variables: Environment = Object.fromEntries([...lines].map(([, name = "", value]) => [name, value]));
  return { path, variables };
}
