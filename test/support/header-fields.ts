import * as fc from "fast-check";
import type { NormalizeTarget } from "../../src/headers/normalize.ts";

export const TARGET: NormalizeTarget = { authority: "127.0.0.1:18789", framing: "plain" };

/** Names of fields by which products that sign users in name the user (docs/headers.md has the sources). */
export const IDENTITY = [
  "Remote-User",
  "Remote-Groups",
  "X-Remote-User",
  "X-Remote-Extra-Scopes",
  "X-User",
  "X-Email",
  "X-Authenticated-User",
  "X-Authenticated-Userid",
  "X-Consumer-Username",
  "X-Credential-Identifier",
  "Ngrok-Auth-User-Email",
  "Teleport-Jwt-Assertion",
  "X-Amzn-Mtls-Clientcert",
  "X-Amzn-Oidc-Data",
  "X-Amzn-Oidc-Identity",
  "X-Auth-Request-Email",
  "X-Auth-Request-Access-Token",
  "X-Authentik-Username",
  "X-Goog-Authenticated-User-Email",
  "X-Goog-IAP-JWT-Assertion",
  "X-MS-CLIENT-PRINCIPAL",
  "X-MS-CLIENT-PRINCIPAL-NAME",
  "X-MS-TOKEN-AAD-ID-TOKEN",
  "X-Pomerium-Claim-Email",
  "X-Pomerium-Jwt-Assertion",
  "X-Replit-User-Id",
  "X-Token-Subject",
  "X-Token-User-Email",
  "X-Vouch-User",
  "X-WebAuth-User",
] as const;

/** Names of forwarding and proxy-identity fields (docs/gateway.md section 1). */
export const FORWARDING = [
  "X-Forwarded-For",
  "X-Forwarded-Port",
  "X-Forwarded-Anything-New",
  "X-Forwarded",
  "Forwarded",
  "X-Real-IP",
  "Via",
  "CF-Connecting-IP",
  "CF-Ray",
  "True-Client-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "Fly-Client-IP",
  "X-Vercel-Forwarded-For",
  "X-Original-Host",
  "X-Host",
  "Tailscale-User-Login",
  "CloudFront-Viewer-Address",
  "CloudFront-Is-Mobile-Viewer",
  "DO-Connecting-IP",
  "X-Appengine-User-IP",
  "X-Appengine-City",
  "X-Azure-ClientIP",
  "X-Azure-FDID",
  "X-NF-Client-Connection-IP",
  "X-ProxyUser-IP",
  "Proxy-Client-IP",
  "WL-Proxy-Client-IP",
  "X-Originating-IP",
  "Client-Cert",
  "Client-Cert-Chain",
  "SSL-Client-Subject-DN",
  "X-SSL-Client-Verify",
  ...IDENTITY,
] as const;

/** Hop-by-hop fields (RFC 9110 section 7.6.1). */
export const HOP_BY_HOP = [
  "Connection",
  "Keep-Alive",
  "Proxy-Connection",
  "Proxy-Authorization",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
] as const;

/** Field names that resemble the above and must be preserved. */
export const NEAR_MISSES = [
  "X-Forward",
  "X-Real-IPv6",
  "Viable",
  "Via-",
  "CFA",
  "Forwarded-",
  "XForwarded-For",
  "X-Originals",
  "Upgrade-Insecure-Requests",
  "TEST",
  "Connection-Id",
  "Hosts",
  "Sec-Fetch-Site",
  "RemoteUser",
  "X-Goog-Channel-Token",
  "X-Amzn-Trace-Id",
  "X-User-Agent",
  "X-Auth-Token",
  "X-MS-Request-Id",
] as const;

/** Generates variants of the names: any case of each letter, `-` or `_` between words. */
export function spellingsOf(names: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...names), fc.infiniteStream(fc.nat(2))).map(([name, choices]) =>
    Array.from(name, (char) => {
      const choice = choices.next().value ?? 0;
      if (char === "-") return choice === 0 ? "_" : "-";
      return choice === 0 ? char.toUpperCase() : char.toLowerCase();
    }).join(""),
  );
}

/** Field names (RFC 9110 section 5.6.2). */
const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);

/** Field values, including empty ones (RFC 9110 section 5.5). */
export const fieldValue = fc.oneof(
  fc.constantFrom("", "127.0.0.1", "close, Origin", "keep-alive, Host, Cookie", "203.0.113.7", "websocket"),
  fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/),
);

/** Any field; most have names that the normalizer checks for. */
export const anyField: fc.Arbitrary<[string, string]> = fc.tuple(
  fc.oneof(
    spellingsOf(FORWARDING),
    spellingsOf(HOP_BY_HOP),
    fc.constantFrom<string>(...NEAR_MISSES, "Host", "Origin", "Authorization", "Cookie", "Sec-WebSocket-Key"),
    token,
  ),
  fieldValue,
);

/** Header sections in the format of `http.IncomingMessage.rawHeaders`. */
export const anyHeaders: fc.Arbitrary<string[]> = fc
  .array(anyField, { maxLength: 12 })
  .map((fields) => fields.flat());

/** Converts `name, value, name, value …` to pairs. */
export function pairs(rawHeaders: readonly string[]): [string, string][] {
  return rawHeaders.flatMap((name, i): [string, string][] =>
    i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ""]] : [],
  );
}
