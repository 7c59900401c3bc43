import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { HostPort } from "../net/authority.ts";
import type { ListenAddress } from "../settings/parsers.ts";
import { errorCode } from "../text/printable.ts";

/** Time for a complete header section: slow ones cost a connection each (CWE-400). */
const HEADERS_MS = 10_000;
/** Errors of binding [::1] on a machine that has no IPv6 at all, or no ::1. */
export const NO_IPV6: ReadonlySet<string> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"]);
const KEEP_ALIVE_MS = 5_000;
const TCP_KEEP_ALIVE_MS = 30_000;
/** Node's own default, and the gateway's; set here so that NODE_OPTIONS cannot raise it. */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Binds every address, or none.
 *
 * @returns servers that nothing handles yet. In the same turn of the event loop `listenAll` has to get them: a connection
 *   that is accepted before would get no response.
 * @throws the system's error if an address cannot be bound
 */
export async function bindAll(addresses: readonly ListenAddress[]): Promise<readonly Server[]> {
  const servers: Server[] = [];
  for (const { host, port, optional } of addresses) {
    try {
      servers.push(await bind({ host, port }));
    } catch (error) {
      if (optional && NO_IPV6.has(errorCode(error))) continue;
      for (const server of servers) server.close();
      throw error;
    }
  }
  return servers;
}

/**
 * Binds one address, or listens on a socket of this process.
 *
 * @param headersMs deadline for a header section, in ms; checked once a second
 * @throws the system's error, such as `EADDRINUSE`
 */
export async function bind(
  where: HostPort | { readonly fd: number },
  headersMs: number = HEADERS_MS,
): Promise<Server> {
  const server = createServer({
    headersTimeout: headersMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    // Bodies may be of any size; a stalled one ends with the idle timeout.
    requestTimeout: 0,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    noDelay: true,
    // The gate requires exactly one Host, with a better error.
    requireHostHeader: false,
  });
  server.listen(where);
  await once(server, "listening");
  return server;
}
