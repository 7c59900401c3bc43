/** The name by which a field is judged: `X_Forwarded_For` and `x-forwarded-for` are one (CGI folds them, RFC 3875 4.1.18). */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes("_") ? lower.replaceAll("_", "-") : lower;
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

/** Whether a canonical name belongs to one connection only and must not be forwarded (RFC 9110 section 7.6.1). */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

const FORWARDING_NAMES: ReadonlySet<string> = new Set([
  "client-ip",
  "fastly-client-ip",
  "fly-client-ip",
  "forwarded",
  "forwarded-for",
  "true-client-ip",
  "via",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-envoy-external-address",
  "x-real-ip",
]);

const FORWARDING_PREFIXES = [
  "x-forwarded",
  "x-original-",
  "x-vercel-",
  "cf-",
  "fly-forwarded-",
  "tailscale-",
] as const;

/**
 * Whether a canonical name tells who the client was before some proxy: any of them can cost a connection its
 * locality (gateway.md section 1; 2026.8+ matches the whole `x-forwarded-` prefix and counts empty values).
 */
export function isForwarding(name: string): boolean {
  return FORWARDING_NAMES.has(name) || FORWARDING_PREFIXES.some((prefix) => name.startsWith(prefix));
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
 * Whether a canonical name must reach the gateway even if `Connection` names it: a client that could have
 * `Origin` removed would look like a command-line tool (gateway.md section 4).
 */
export function isEndToEnd(name: string): boolean {
  return END_TO_END.has(name) || name.startsWith("sec-websocket-") || name.startsWith("x-openclaw-");
}

const CONNECTION = "connection";

/** The options listed in all `Connection` fields of `rawHeaders`, canonical (RFC 9110 section 7.6.1). */
export function connectionOptions(rawHeaders: readonly string[]): Set<string> {
  const options = new Set<string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const field = rawHeaders[i] ?? "";
    if (field.length !== CONNECTION.length || canonicalName(field) !== CONNECTION) continue;
    for (const option of (rawHeaders[i + 1] ?? "").split(",")) {
      const name = canonicalName(option.trim());
      if (name !== "") options.add(name);
    }
  }
  return options;
}
