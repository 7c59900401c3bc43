import { join } from "node:path";
import { fieldsOf, isRecord } from "../text/json.ts";
import { printable } from "../text/printable.ts";
import { readOpenclawConfig, section, type Environment } from "./config.ts";
import { exposureOf } from "./access-list.ts";
import { EVERYBODY, readSmallFile } from "./small-file.ts";

/** A secret that no log, error, template or JSON can contain: only `reveal()` returns the text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the secret itself: for the code that sends it. */
  reveal(): string {
    return this.#text;
  }
}

/** Credentials of the shim as an operator: the gateway's token, if it has one, and the folder of the shim's identity. */
export interface OperatorResources {
  readonly token?: Secret;
  readonly stateDirectory?: string | undefined;
  /** The uid that owns OpenClaw's config, and so the gateway; undefined if the shim finds none. */
  readonly gatewayOwner?: number | undefined;
}

/** What is wrong with a token, and what to do about it. */
export interface TokenProblem {
  readonly why: string;
  readonly fix: string;
}

/** The gateway's token and its source, or why there is none. */
export type Token =
  | { readonly secret: Secret; readonly from: string; readonly warning?: TokenProblem }
  | TokenProblem;

const MAX_BYTES = 4096;
const SHORTHAND = /^\s*\$([A-Z][A-Z0-9_]{0,127})\s*$/;
const FIX = "give --token-file FILE or set OPENCLAW_GATEWAY_TOKEN";

/**
 * Finds the gateway's token: `--token-file`, `OPENCLAW_GATEWAY_TOKEN`, the systemd credential
 * `openclaw-gateway-token`, OpenClaw's config. The first that exists counts, even if it cannot be used. Only clients
 * that connect to the gateway as an operator call this; `run` without `--approve` does not.
 */
export function readToken(tokenFile: string | undefined, env: Environment): Token {
  if (tokenFile !== undefined) return fromFile(tokenFile);
  const variable = env["OPENCLAW_GATEWAY_TOKEN"]?.trim();
  if (variable) return checked(variable, "OPENCLAW_GATEWAY_TOKEN");
  return fromCredential(env["CREDENTIALS_DIRECTORY"]) ?? fromConfig(env);
}

function fromFile(path: string): Token {
  const from = `token file ${printable(path, 120)}`;
  const file = readSmallFile(path, MAX_BYTES);
  if ("why" in file) {
    // A missing file without a slash in its name could be the token itself.
    const isPath = path.includes("/") || !file.missing;
    const shown = isPath ? from : "token file (name not shown: it could be the token)";
    return { why: `${shown} ${file.why}`, fix: "give --token-file a readable file" };
  }
  const { openTo, why, fix } = exposureOf(path, file.openTo);
  const warning = openTo !== undefined && { why: `${from} ${why}`, fix };
  if (warning && openTo === EVERYBODY) return warning;
  const token = checked(file.text.trim(), from);
  return warning && "secret" in token ? { ...token, warning } : token;
}

// systemd itself guards the directory and sets the modes (systemd.exec(5), CREDENTIALS).
function fromCredential(directory: string | undefined): Token | undefined {
  if (!directory) return undefined;
  const from = "systemd credential openclaw-gateway-token";
  const file = readSmallFile(join(directory, "openclaw-gateway-token"), MAX_BYTES);
  if ("text" in file) return checked(file.text.trim(), from);
  return file.missing ? undefined : { why: `${from} ${file.why}`, fix: FIX };
}

function fromConfig(env: Environment): Token {
  const { shownPath, object, why } = readOpenclawConfig(env);
  if (why !== undefined) return { why: `OpenClaw's config ${shownPath} ${why}`, fix: FIX };
  const from = `gateway.auth.token in ${shownPath}`;
  const value = section(section(object, "gateway"), "auth")["token"];
  return value === undefined
    ? { why: "no gateway token found", fix: FIX }
    : fromConfigValue(value, from, env);
}

/** Reads a text, `${NAME}` in it replaced, or a SecretRef (docs/gateway/secrets/secretref-contract.md). */
export function fromConfigValue(value: unknown, from: string, env: Environment): Token {
  if (typeof value === "string") return fromTemplate(value.replace(SHORTHAND, "${$1}"), from, env);
  const { source, id } = fieldsOf(value);
  if (source === "env" && typeof id === "string") return fromVariable(id, from, env);
  if (isRecord(value)) return { why: `${from} is a SecretRef that only the gateway can resolve`, fix: FIX };
  return { why: `${from} is neither a text nor a SecretRef`, fix: FIX };
}

function fromVariable(name: string, from: string, env: Environment): Token {
  const text = env[name]?.trim();
  if (text) return checked(text, from);
  return { why: `${from} names ${printable(name, 80)}, which is not set here`, fix: `set it, or ${FIX}` };
}

// `$${NAME}` is an escaped `${NAME}` (docs/gateway/config-secrets-env.md).
function fromTemplate(template: string, from: string, env: Environment): Token {
  let missing: string | undefined;
  const text = template.replace(/(\$?)\$\{([A-Z_][A-Z0-9_]*)\}/g, (whole, escape: string, name: string) => {
    if (escape !== "") return whole.slice(1);
    if (!env[name]) missing ??= name;
    return env[name] ?? "";
  });
  return missing === undefined ? checked(text.trim(), from) : fromVariable(missing, from, env);
}

function checked(text: string, from: string): Token {
  if (text === "") return { why: `${from} is empty`, fix: FIX };
  if (text.length > MAX_BYTES || /[\p{Cc}\uFFFD]/u.test(text)) {
    return { why: `${from} is not one line of text of at most ${MAX_BYTES} characters`, fix: FIX };
  }
  return { secret: new Secret(text), from };
}
