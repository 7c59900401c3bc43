import type { OutcomeName, Transcript, Verdict } from "./outcome.ts";

/**
 * Reasons of `unauthorized` for which no credential was tried, or the right one: none was sent, the gateway has none,
 * its scopes do not suffice, or the identity was to come from a proxy or Tailscale (OpenClaw
 * `connect-error-details.ts`; in words on releases without codes).
 */
const NOT_AN_ATTEMPT =
  /missing|not[_ ]configured|scope[_ ]mismatch|required|tailscale|trusted[_ ]proxy|rate[_ ]?limit/i;

/** Fields and query parameters that carry a credential to the gateway's HTTP routes. */
const CREDENTIAL_FIELD = /^(?:authorization|x-openclaw-(?:[a-z-]+-)?(?:token|secret))$/i;
const CREDENTIAL_NAME = /token|secret|password/i;

/** Outcomes of upgrades whose credential the gateway did not look at, or found to be right. */
const NOT_REJECTED: ReadonlySet<OutcomeName> = new Set([
  "connected",
  "pairing-required",
  "gateway-starting",
  "gateway-unreachable",
  "gateway-refused",
  "origin-rejected",
  "protocol-mismatch",
  "not-gateway-protocol",
]);

/**
 * Returns what an upgrade says about the credential that came with it; undefined if it says nothing. An unreadable
 * message in place of a `connect` counts as rejected, as it could be an attempt. A client that does not wait for the
 * response says nothing.
 *
 * @param sentCredential true if the upgrade request carried a credential in its head
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
    abandoned: !connect && end === "deadline",
    "gateway-refused": http?.status === 401 && sentCredential,
    unauthorized: !NOT_AN_ATTEMPT.test(words),
  };
  return rejected[outcome] ? "rejected" : undefined;
}

/** Returns true if an upgrade that was not rejected does not count as an attempt any more. */
export function isNotRejected({ outcome }: Verdict): boolean {
  return NOT_REJECTED.has(outcome);
}

/** Returns the credentials in the head of a request as one text; undefined if there are none. */
export function credentialsOf(rawHeaders: readonly string[], url = ""): string | undefined {
  const found: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (CREDENTIAL_FIELD.test(rawHeaders[i] ?? "")) found.push(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  }
  const query = url.includes("?") ? new URLSearchParams(url.slice(url.indexOf("?"))) : [];
  for (const [name, value] of query) if (CREDENTIAL_NAME.test(name)) found.push(name, value);
  return found.length === 0 ? undefined : JSON.stringify(found);
}
