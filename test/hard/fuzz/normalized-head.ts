import { invariant } from "./target.ts";

/** Fields that must not reach the gateway, in canonical form: those of OpenClaw's `attribution` and of common proxies. */
const FORWARDING =
  /^(?:forwarded|via|x-forwarded.*|x-real-ip|x-client-ip|x-cluster-client-ip|client-ip|true-client-ip|fastly-client-ip|cf-.*|fly-client-ip|fly-forwarded-.*|tailscale-.*|x-vercel-.*|x-original-.*|x-envoy-external-address|forwarded-for)$/;
const HOP_BY_HOP =
  /^(?:keep-alive|proxy-(?:authenticate|authorization|connection)|te|trailer|http2-settings)$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Checks a header section for the gateway against the invariants. It shares no code or table with src/.
 *
 * @param fields `name, value, name, value …`
 * @throws Error for a broken invariant
 */
export function checkNormalizedHead(
  fields: readonly string[],
  authority: string,
  gatewayOrigin: string,
): void {
  const names: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const [name = "", value = ""] = [fields[i], fields[i + 1]];
    const canonical = name.toLowerCase().replaceAll("_", "-");
    names.push(canonical);
    invariant(TOKEN.test(name), "a field's name is a token", name);
    invariant(!["\r", "\n", "\0"].some((end) => value.includes(end)), "a value is one line", value);
    invariant(!FORWARDING.test(canonical), "no forwarding field is forwarded", name);
    invariant(!HOP_BY_HOP.test(canonical), "no hop-by-hop field is forwarded", name);
    invariant(canonical !== "sec-websocket-extensions", "no extension is forwarded", name);
    if (canonical === "host") invariant(value === authority, "Host is the gateway's", value);
    if (canonical === "origin" && isLoopback(value)) {
      // Another loopback origin was admitted unchanged, or it is the gateway's own.
      invariant(value !== "" && gatewayOrigin !== "", "an Origin is not empty", value);
    }
  }
  invariant(names.filter((name) => name === "host").length === 1, "Host occurs once", names);
  invariant(names.filter((name) => name === "origin").length <= 1, "Origin occurs at most once", names);
  const framed = names.filter((name) => name === "content-length" || name === "transfer-encoding");
  invariant(framed.length <= 1, "the body has at most one framing field", names);
}

/** Returns true if a gateway treats the origin as a page on its own machine. */
export function isLoopback(origin: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/i.test(origin);
}
