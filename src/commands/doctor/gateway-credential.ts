import { isLoopbackName } from "../../net/authority.ts";
import type { Environment } from "../../openclaw/config.ts";
import { readToken, Secret, type TokenProblem } from "../../openclaw/token.ts";
import { hostOf, type ToolUrl } from "./tool-urls.ts";

/** What the gateway is sent for authentication, or why there is nothing to send. */
export type Credential =
  | {
      readonly kind: "token" | "password";
      readonly secret: Secret;
      /** Name of the source, for messages. */
      readonly from: string;
      /** It is OPENCLAW_GATEWAY_TOKEN or OPENCLAW_GATEWAY_PASSWORD. */
      readonly fromEnvironment: boolean;
      /** What is wrong with how it is stored. */
      readonly warning?: TokenProblem;
    }
  | TokenProblem;

/**
 * Finds the credential of the tools: the token as `--approve` finds it, else `OPENCLAW_GATEWAY_PASSWORD`.
 *
 * @param mode `gateway.auth.mode` of OpenClaw's config: with `password`, a token is of no use
 */
export function readCredential(tokenFile: string | undefined, env: Environment, mode: unknown): Credential {
  const token = readToken(tokenFile, env);
  const password = env["OPENCLAW_GATEWAY_PASSWORD"];
  if (password && ("why" in token || mode === "password")) {
    const secret = new Secret(password);
    return { kind: "password", secret, from: "OPENCLAW_GATEWAY_PASSWORD", fromEnvironment: true };
  }
  if (!("why" in token)) {
    const fromEnvironment = tokenFile === undefined && Boolean(env["OPENCLAW_GATEWAY_TOKEN"]?.trim());
    return { kind: "token", ...token, fromEnvironment };
  }
  if (mode !== "password") return token;
  return { why: "gateway.auth.mode is password", fix: "set OPENCLAW_GATEWAY_PASSWORD" };
}

/**
 * Returns true if doctor may send the credential to a URL. It only goes where OpenClaw's tools would send it: to this
 * machine, or over TLS to a URL that the user gave for it. `gateway.remote.url` has a token of its own.
 */
export function maySend(credential: Credential, { source, url }: ToolUrl): boolean {
  if (!url || "why" in credential) return false;
  if (isLoopbackName(hostOf(url))) return true;
  if (url.protocol !== "wss:") return false;
  return source === "--via" || (source === "OPENCLAW_GATEWAY_URL" && credential.fromEnvironment);
}
