import type { Environment } from "../../openclaw/config.ts";
import { Secret } from "../../openclaw/token.ts";
import { readToken, type TokenProblem } from "../../openclaw/token.ts";

/** What the gateway is shown, and where it is from; or why there is nothing to show. */
export type Credential =
  | {
      readonly kind: "token" | "password";
      readonly secret: Secret;
      readonly from: string;
      /** What is wrong about how it is kept. */
      readonly warning?: TokenProblem;
    }
  | TokenProblem;

/**
 * Finds what the tools would show the gateway: its token as `--approve` would find it, and where there is none,
 * `OPENCLAW_GATEWAY_PASSWORD`.
 *
 * @param mode `gateway.auth.mode` of OpenClaw's config: where it is `password`, a token is of no use
 */
export function readCredential(tokenFile: string | undefined, env: Environment, mode: unknown): Credential {
  const token = readToken(tokenFile, env);
  const password = env["OPENCLAW_GATEWAY_PASSWORD"];
  if (password && ("why" in token || mode === "password")) {
    return { kind: "password", secret: new Secret(password), from: "OPENCLAW_GATEWAY_PASSWORD" };
  }
  if (!("why" in token)) return { kind: "token", ...token };
  if (mode !== "password") return token;
  return { why: "gateway.auth.mode is password", fix: "set OPENCLAW_GATEWAY_PASSWORD" };
}
