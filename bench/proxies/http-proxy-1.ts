import { Agent, createServer, type IncomingMessage } from "node:http";
import httpProxy from "http-proxy-1";

/** http-proxy 1.18.1 with the shim's header changes. Usage: `http-proxy-1.mjs LISTEN_PORT GATEWAY_PORT`. */
const [listen, gateway] = process.argv.slice(2).map(Number);
const authority = `127.0.0.1:${gateway}`;
const DELETED =
  /^(?:x-forwarded|x-original-|x-vercel-|cf-|fly-forwarded-|tailscale-|(?:forwarded|via|x-real-ip|true-client-ip|x-client-ip|sec-websocket-extensions)$)/;

const proxy = httpProxy.createProxyServer({ target: `http://${authority}` });
// By default it makes a new connection for each request.
const agent = new Agent({ keepAlive: true });
proxy.on("error", () => {});
const server = createServer((request, response) => {
  change(request);
  proxy.web(request, response, { agent });
});
server.on("upgrade", (request, socket, head) => {
  change(request);
  socket.on("error", () => socket.destroy());
  proxy.ws(request, socket, head);
});
server.listen({ host: "127.0.0.1", port: listen, backlog: 4096 });

function change({ headers }: IncomingMessage): void {
  for (const name of Object.keys(headers)) {
    if (DELETED.test(name)) delete headers[name];
  }
  headers.host = authority;
}
