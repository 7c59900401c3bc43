import * as fc from "fast-check";
import type { NormalizeTarget } from "../../src/headers/normalize.ts";

export const TARGET: NormalizeTarget = { authority: "127.0.0.1:18789", framing: "plain" };

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
  "Tailscale-User-Login",
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
