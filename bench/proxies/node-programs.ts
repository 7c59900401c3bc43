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

/** The baseline of Node's public API: forwards and does nothing else. */
export const bareRelay: ProxyProgram = {
  name: "bare relay",
  version: `http.createServer and pipe on Node ${process.version}`,
  command: ({ listen, gateway }) => [
    process.execPath,
    bundled("bare-relay"),
    String(listen),
    String(gateway),
  ],
};

/** No proxy: the baseline of Node's HTTP server. */
export const bareNode: ProxyProgram = {
  name: "bare Node",
  version: `http.createServer on Node ${process.version}`,
  command: ({ listen }) => [process.execPath, bundled("bare-node"), String(listen)],
};
