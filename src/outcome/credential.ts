import type { Verdict } from "./outcome.ts";
import type { ConnectRequest, Transcript } from "./transcript.ts";

/**
 * Refusals of `unauthorized` where no credential was tried, or the one that was tried was right: none was sent, the
 * gateway has none, its scopes do not suffice, or the identity was to come from a proxy or Tailscale (OpenClaw
 * `connect-error-details.ts`; in words where a release sends no code).
 */
const NO_GUESS =
  /missing|not[_ ]configured|scope[_ ]mismatch|required|tailscale|trusted[_ ]proxy|rate[_ ]?limit/i;

/** Fields that carry a credential to the gateway's HTTP routes. */
const CREDENTIAL_FIELD = /^(?:authorization|x-openclaw-(?:[a-z-]+-)?(?:token|secret))$/i;

/**
 * What an upgrade tells about the credential that came with it: the gateway took it, refused it, or neither.
 * A message that the gateway's protocol has no place for counts as refused: what cannot be read could be a guess. So
 * does a credential whose answer the client did not wait for.
 */
export function credentialWas(
  verdict: Verdict,
  { answer, challenged, connect, end, foreignBy, http }: Readonly<Transcript>,
  rawHeaders: readonly string[],
): "right" | "wrong" | undefined {
  if (verdict.outcome === "connected") return "right";
  if (verdict.outcome === "not-gateway-protocol") {
    return challenged && foreignBy === "client" ? "wrong" : undefined;
  }
  if (verdict.outcome === "abandoned") {
    // 2026.9 lets a wrong credential wait, and answers a right one at once: who leaves before the answer knows it. And
    // nobody reads any more what is sent after the deadline.
    return connect ? sent(connect) : end === "deadline" ? "wrong" : undefined;
  }
  if (http) return http.status === 401 && carriesCredential(rawHeaders) ? "wrong" : undefined;
  if (verdict.outcome !== "unauthorized") return undefined;
  const words = answer?.ok === false ? (answer.detailsCode ?? answer.message) : (verdict.reason ?? "");
  return NO_GUESS.test(words) ? undefined : "wrong";
}

function sent({ auth }: ConnectRequest): "wrong" | undefined {
  return auth.length > 0 ? "wrong" : undefined;
}

/** Whether a request brings a credential in a header field. */
export function carriesCredential(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some((name, i) => i % 2 === 0 && CREDENTIAL_FIELD.test(name));
}
