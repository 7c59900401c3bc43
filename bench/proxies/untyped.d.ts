/** http-proxy 1.18.1 has no types of its own; this is what the bench uses of it. */
declare module "http-proxy-1" {
  import type { IncomingMessage, ServerResponse } from "node:http";
  import type { Duplex } from "node:stream";

  interface Proxy {
    on(event: "error", listener: (error: Error) => void): void;
    web(request: IncomingMessage, response: ServerResponse): void;
    ws(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  }
  const httpProxy: { createProxyServer(options: { target: string }): Proxy };
  export default httpProxy;
}
