/** Returns the name by which a field is judged: `X_Forwarded_For` is `x-forwarded-for` (CGI folds them, RFC 3875 section 4.1.18). */
export function canonicalName(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Returns true if a canonical name belongs to one connection and must not be forwarded (RFC 9110 section 7.6.1). */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

const END_TO_END: ReadonlySet<string> = new Set([
  "authorization",
  "content-length",
  "content-type",
  "cookie",
  "host",
  "origin",
]);

/**
 * Returns true if a canonical name must reach the gateway even if `Connection` names it: a client that could have
 * `Origin` removed would look like a command-line tool (docs/gateway.md section 4).
 */
export function isEndToEnd(name: string): boolean {
  return END_TO_END.has(name) || name.startsWith("sec-websocket-") || name.startsWith("x-openclaw-");
}

/** Returns every value of the field with that canonical name, in order. */
export function fieldValues(rawHeaders: readonly string[], canonical: string): string[] {
  return rawHeaders.filter((_text, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === canonical);
}

/** Returns the canonical options of all `Connection` fields (RFC 9110 section 7.6.1). */
export function connectionOptions(rawHeaders: readonly string[]): Set<string> {
  const options = fieldValues(rawHeaders, "connection").flatMap((value) => value.split(","));
  return new Set(options.map((option) => canonicalName(option.trim())).filter((name) => name !== ""));
}
