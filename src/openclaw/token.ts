import { join } from "node:path";
import { printable } from "../text/printable.ts";
import type { Environment } from "./config.ts";
import { isRecord } from "../text/json.ts";
import { readOpenclawConfig, section } from "./config.ts";
import { Secret } from "./secret.ts";
import { readSmallFile } from "./small-file.ts";

const MAX_BYTES = 4096;
const FIX = "give --token-file FILE or set OPENCLAW_GATEWAY_TOKEN";

/** The gateway's token and where it is from, or why there is none, as one line with the fix. */
export type Token =
  | { readonly secret: Secret; readonly from: string; readonly warning?: string }
  | { readonly why: string };

/**
 * Finds the gateway's token: `--token-file`, `OPENCLAW_GATEWAY_TOKEN`, the systemd credential
 * `openclaw-gateway-token`, OpenClaw's config. The first of them that is there counts: one that cannot be used is an
 * answer, not a reason to look further. Only what talks to the gateway as an operator calls this; `run` without
 * `--approve` does not.
 *
 * @param tokenFile `Settings.tokenFile`
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
    // A name without a slash that is no file could be the token itself, put in the wrong place.
    const shown =
      path.includes("/") || !file.missing ? from : "token file (name not shown: it could be the token)";
    return { why: `${shown} ${file.why}; give --token-file a readable file` };
  }
  if ((file.mode & 0o007) !== 0) return { why: `${from} is open to every user of the machine; chmod 600 it` };
  const token = checked(file.text.trim(), from);
  if ("why" in token || (file.mode & 0o070) === 0) return token;
  return { ...token, warning: `${from} is open to its group; chmod 600 it` };
}

// systemd itself guards the directory and sets the modes (systemd.exec(5), CREDENTIALS).
function fromCredential(directory: string | undefined): Token | undefined {
  if (!directory) return undefined;
  const file = readSmallFile(join(directory, "openclaw-gateway-token"), MAX_BYTES);
  if ("text" in file) return checked(file.text.trim(), "systemd credential openclaw-gateway-token");
  return file.missing ? undefined : { why: `systemd credential openclaw-gateway-token ${file.why}; ${FIX}` };
}

/** `gateway.auth.token`: a text with `${NAME}` in it or not, or a SecretRef (docs/gateway/secrets/secretref-contract.md). */
function fromConfig(env: Environment): Token {
  const { shownPath, object, why } = readOpenclawConfig(env);
  if (why !== undefined) return { why: `OpenClaw's config ${shownPath} ${why}; ${FIX}` };
  const from = `gateway.auth.token in ${shownPath}`;
  const value = section(section(object, "gateway"), "auth")["token"];
  if (value === undefined) return { why: `no gateway token found; ${FIX}` };
  if (typeof value === "string") {
    const [, shorthand] = /^\$([A-Z][A-Z0-9_]{0,127})$/.exec(value.trim()) ?? [];
    return shorthand === undefined ? fromTemplate(value, from, env) : fromVariable(shorthand, from, env);
  }
  if (!isRecord(value)) return { why: `${from} is neither a text nor a SecretRef; ${FIX}` };
  const { source, id } = value;
  if (source === "env" && typeof id === "string") return fromVariable(id, from, env);
  return { why: `${from} is a SecretRef that only the gateway can resolve; ${FIX}` };
}

function fromVariable(name: string, from: string, env: Environment): Token {
  const text = env[name]?.trim();
  return text
    ? checked(text, from)
    : { why: `${from} names ${printable(name, 80)}, which is not set here; set it, or ${FIX}` };
}

// `$${NAME}` stands for a literal `${NAME}` (docs/gateway/config-secrets-env.md).
function fromTemplate(template: string, from: string, env: Environment): Token {
  const missing: string[] = [];
  const text = template.replace(/(\$?)\$\{([A-Z_][A-Z0-9_]*)\}/g, (whole, escape: string, name: string) => {
    if (escape !== "") return whole.slice(1);
    if (!env[name]) missing.push(name);
    return env[name] ?? "";
  });
  const [name] = missing;
  return name === undefined ? checked(text.trim(), from) : fromVariable(name, from, env);
}

function checked(text: string, from: string): Token {
  if (text === "") return { why: `${from} is empty; ${FIX}` };
  if (text.length > MAX_BYTES || /[\p{Cc}\uFFFD]/u.test(text)) {
    return { why: `${from} is not one line of text of at most ${MAX_BYTES} characters; ${FIX}` };
  }
  return { secret: new Secret(text), from };
}
