import { promised } from "./target.ts";

/** What no gateway may see, however it is written: the families of OpenClaw's `attribution` and of common proxies. */
const FORWARDING =
  /^(?:forwarded|via|x-forwarded.*|x-real-ip|x-client-ip|x-cluster-client-ip|client-ip|true-client-ip|fastly-client-ip|cf-.*|fly-client-ip|fly-forwarded-.*|tailscale-.*|x-vercel-.*|x-original-.*|x-envoy-external-address|forwarded-for)$/;
const HOP_BY_HOP =
  /^(?:keep-alive|proxy-(?:authenticate|authorization|connection)|te|trailer|http2-settings)$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Holds a head that is on its way to the gateway against what is promised of it. An independent reading: it shares
 * no code and no table with src/.
 *
 * @param fields `name, value, name, value …`
 */
export function checkClean(fields: readonly string[], authority: string, gatewayOrigin: string): void {
  const names: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const [name = "", value = ""] = [fields[i], fields[i + 1]];
    const canonical = name.toLowerCase().replaceAll("_", "-");
    names.push(canonical);
    promised(TOKEN.test(name), "a field's name is a token", name);
    promised(!["\r", "\n", "\0"].some((end) => value.includes(end)), "a value is one line", value);
    promised(!FORWARDING.test(canonical), "no forwarding field goes on", name);
    promised(!HOP_BY_HOP.test(canonical), "no hop-by-hop field goes on", name);
    promised(canonical !== "sec-websocket-extensions", "no extension goes on", name);
    if (canonical === "host") promised(value === authority, "Host is the gateway's", value);
    if (canonical === "origin" && isLoopback(value)) {
      // Any other loopback origin was admitted as it is, or it is the gateway's own.
      promised(value !== "" && gatewayOrigin !== "", "an Origin has a value", value);
    }
  }
  promised(names.filter((name) => name === "host").length === 1, "there is one Host", names);
  promised(names.filter((name) => name === "origin").length <= 1, "there is at most one Origin", names);
  const framed = names.filter((name) => name === "content-length" || name === "transfer-encoding");
  promised(framed.length <= 1, "the body has one framing", names);
}

/** Whether a page of that origin is taken for one on this machine. */
export function isLoopback(origin: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/i.test(origin);
}
