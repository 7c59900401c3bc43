import { isIP } from "node:net";
import { authorityOf, bracketed, dnsName } from "../net/authority.ts";
import { canonicalAddress } from "../net/ip-address.ts";
import { GATEWAY_PORT } from "../openclaw/config.ts";
import type { GatewayAddress, ListenAddress } from "./settings.ts";
import type { Parsed } from "./values.ts";

const LISTEN_FORM = "write HOST:PORT, such as 127.0.0.1:18788 or [::1]:18788";
const GATEWAY_FORM = "write ws://HOST:PORT or wss://HOST:PORT, such as ws://127.0.0.1:18789";

function portNumber(text: string): number | undefined {
  const port = /^(0|[1-9]\d{0,4})$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : undefined;
}

/** `HOST:PORT` to listen on. HOST is an IP address or `localhost`, read as 127.0.0.1; port 0 takes any free one. */
export function listenAddress(text: string): Parsed<ListenAddress> {
  const [, v6, v4, digits] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text) ?? [];
  if (digits === undefined) return { why: `is not an address to listen on; ${LISTEN_FORM}` };
  const port = portNumber(digits);
  if (port === undefined) return { why: `has no port from 0 to 65535; ${LISTEN_FORM}` };
  // Never looked up: a hosts file could send the name anywhere.
  if (v4?.toLowerCase() === "localhost") return { value: { host: "127.0.0.1", port } };
  const given = v6 ?? v4 ?? "";
  if (isIP(given) !== (v6 === undefined ? 4 : 6)) {
    return { why: `has a host that is neither an IP address nor localhost; ${LISTEN_FORM}` };
  }
  // A zone (fe80::1%eth0) belongs to the address that is bound.
  return { value: { host: given.includes("%") ? given : (canonicalAddress(given) ?? given), port } };
}

/**
 * The gateway's URL: `ws` or `wss`, a host and a port, nothing more. RFC 6455 section 3 would let the port be left
 * out, for 80 or 443; the gateway listens on neither, so it was forgotten. Whether a remote host is allowed is not
 * decided here.
 */
export function gatewayAddress(text: string): Parsed<GatewayAddress> {
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  const tls = scheme?.toLowerCase() === "wss";
  if (!tls && scheme?.toLowerCase() !== "ws") return { why: `is not a ws:// or wss:// URL; ${GATEWAY_FORM}` };
  if (rest.includes("@")) return { why: `holds a user name or password (not shown); ${GATEWAY_FORM}` };
  if (/[?#]/.test(rest)) return { why: `holds a query or fragment (not shown); ${GATEWAY_FORM}` };
  const [, v6, name, digits] = /^(?:\[([^[\]]*)\]|([^:[\]/]*))(?::([^:/]*))?\/?$/.exec(rest) ?? [];
  if ((v6 ?? name) === undefined) return { why: `is more than scheme, host and port; ${GATEWAY_FORM}` };
  const host = gatewayHost(v6, name ?? "");
  if (host === undefined)
    return { why: `has a host that is neither an IP address nor a name; ${GATEWAY_FORM}` };
  const written = `${tls ? "wss" : "ws"}://${bracketed(host)}`;
  if (digits === undefined) return { why: `has no port; write ${written}:${GATEWAY_PORT}` };
  const port = portNumber(digits);
  if (port === undefined || port === 0) return { why: `has no port from 1 to 65535; ${GATEWAY_FORM}` };
  const authority = port === (tls ? 443 : 80) ? bracketed(host) : authorityOf({ host, port });
  return {
    value: {
      url: `${written}:${port}`,
      host,
      port,
      tls,
      authority,
      origin: `${tls ? "https" : "http"}://${authority}`,
    },
  };
}

function gatewayHost(v6: string | undefined, name: string): string | undefined {
  if (v6 !== undefined) return isIP(v6) === 6 && !v6.includes("%") ? canonicalAddress(v6) : undefined;
  return isIP(name) === 4 ? name : dnsName(name);
}
