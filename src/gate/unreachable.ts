import { refuse, type Refusal } from "../errors.ts";

const PIN =
  "the gateway's certificate does not verify, as self-signed ones do not: pin it with --gateway-fingerprint sha256:…, which " +
  "openssl x509 -in ~/.openclaw/gateway/tls/gateway-cert.pem -noout -fingerprint -sha256 prints";
const NO_TLS = "what listens there does not speak TLS: write ws:// in --gateway";
const NO_ANSWER =
  "the gateway closed the connection without an answer: write wss:// in --gateway if its gateway.tls is on, else see its log (openclaw logs --follow)";
const NO_ROUTE =
  "there is no way from here to the address in --gateway: without an IPv4 loopback write ws://[::1]:PORT";

/** What mends a gateway that cannot be reached, by the code of the failure: a system error's, Node's or the relay's. */
const FIXES: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    "no gateway listens there: start it (openclaw gateway run), or give its address with --gateway ws://127.0.0.1:PORT",
  ENETUNREACH: NO_ROUTE,
  EHOSTUNREACH: NO_ROUTE,
  EADDRNOTAVAIL: NO_ROUTE,
  TIMEOUT:
    "the gateway hangs: look at its log (openclaw logs --follow), and restart it (openclaw gateway restart)",
  EOF: NO_ANSWER,
  ECONNRESET: NO_ANSWER,
  CERT_FINGERPRINT_MISMATCH:
    "the gateway's certificate is not the pinned one: if it was renewed, give its new --gateway-fingerprint",
  CERT_HAS_EXPIRED: PIN,
  DEPTH_ZERO_SELF_SIGNED_CERT: PIN,
  ERR_TLS_CERT_ALTNAME_INVALID: PIN,
  SELF_SIGNED_CERT_IN_CHAIN: PIN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: PIN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: PIN,
  EPROTO: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  MALFORMED_ANSWER:
    "what listens there is no gateway, or the wrong of ws:// and wss:// is set: check --gateway",
};

const OTHERWISE = "the gateway does not answer: see openclaw gateway status and its log, and check --gateway";

/** The codes of failures for which there is advice of their own. */
export const CODES_WITH_FIX: readonly string[] = Object.keys(FIXES);

/** The one thing that mends a gateway that cannot be reached. */
export function unreachableFix(code: string): string {
  return (Object.hasOwn(FIXES, code) ? FIXES[code] : undefined) ?? OTHERWISE;
}

/** What a client is told whose request finds no gateway; the fix is the one that the log has. */
export function refuseUnreachable(
  rule: "gateway_unreachable" | "gateway_timeout" | "gateway_answer_malformed",
  { code, message }: { readonly code: string; readonly message: string },
): Refusal {
  return { ...refuse(rule, `${code}: ${message}`), fix: unreachableFix(code) };
}
