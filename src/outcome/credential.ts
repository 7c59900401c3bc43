import type { OutcomeName, Transcript, Verdict } from "./outcome.ts";

/**
 * Reasons of `unauthorized` for which no credential was tried, or the right one: none was sent, the gateway has none,
 * its scopes do not suffice, or the identity was to come from a proxy or Tailscale (OpenClaw
 * `connect-error-details.ts`; in words on releases without codes).
 */
const NOT_AN_ATTEMPT =
  /missing|not[_ ]configured|scope[_ ]mismatch|required|tailscale|trusted[_ ]proxy|rate[_ ]?limit/i;

/** Fields that carry a credential to the gateway's HTTP routes. */
const CREDENTIAL_FIELD = /^(?:authorization|x-openclaw-(?:[a-z-]+-)?(?:token|secret))$/i;

/**
 * Returns what an upgrade says about the credential that came with it; undefined if it says nothing. An unreadable
 * message in place of a `connect` counts as rejected, as it could be an attempt. So does a credential whose response
 * the client did not wait for: 2026.9 delays the response to a wrong one, so who disconnects first knows it.
 *
 * @param sentCredential true if the upgrade request carried a credential in a header field
 */
export function credentialResult(
  { outcome, reason = "" }: Verdict,
  { response, challenged, connect, end, otherProtocol, http }: Readonly<Transcript>,
  sentCredential: boolean,
): "accepted" | "rejected" | undefined {
  if (outcome === "connected") return "accepted";
  const words = response?.ok === false ? (response.detailsCode ?? response.message) : reason;
  const rejected: Partial<Record<OutcomeName, boolean>> = {
    "not-gateway-protocol": challenged && otherProtocol?.by === "client",
    // Nothing is read after the deadline.
    abandoned: connect ? connect.auth.length > 0 : end === "deadline",
    "gateway-refused": http?.status === 401 && sentCredential,
    unauthorized: !NOT_AN_ATTEMPT.test(words),
  };
  return rejected[outcome] ? "rejected" : undefined;
}

/** Returns true if a request carries a credential in a header field. */
export function carriesCredential(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some((name, i) => i % 2 === 0 && CREDENTIAL_FIELD.test(name));
}
