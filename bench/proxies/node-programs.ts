import { bundled, type ProxyProgram } from "./program.ts";

/** The best-known proxy for Node, last released in 2020. */
export const httpProxy1: ProxyProgram = {
  name: "http-proxy",
  version: `http-proxy 1.18.1 on Node ${process.version}`,
  command: ({ listen, gateway }) => [
    process.execPath,
    bundled("http-proxy-1"),
    String(listen),
    String(gateway),
  ],
};

/** The column of the smallest program on Node's public API that does a row's work. */
export const BARE = "bare Node";

/** The baseline of relaying: forwards and does nothing else. */
export const bareProxy: ProxyProgram = {
  name: BARE,
  version: `http.createServer, http.request and pipe on Node ${process.version}`,
  command: ({ listen, gateway }) => [
    process.execPath,
    bundled("bare-proxy"),
    String(listen),
    String(gateway),
  ],
};

/** The baseline of starting: an HTTP server, no proxy. */
export const bareNode: ProxyProgram = {
  name: BARE,
  version: `http.createServer on Node ${process.version}`,
  command: ({ listen }) => [process.execPath, bundled("bare-node"), String(listen)],
};
