/** The parts of http-proxy 1.18.1 that the benchmark uses: it has no types. */
declare module "http-proxy-1" {
  import type { Agent, IncomingMessage, ServerResponse } from "node:http";
  import type { Duplex } from "node:stream";

  interface Proxy {
    on(event: "error", listener: (error: Error) => void): void;
    web(request: IncomingMessage, response: ServerResponse, options: { agent: Agent }): void;
    ws(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  }
  const httpProxy: { createProxyServer(options: { target: string }): Proxy };
  export default httpProxy;
}
