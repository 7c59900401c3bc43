import { createServer } from "node:http";
import httpProxy from "http-proxy-1";

/** http-proxy 1.18.1 with the shim's header changes. Usage: `http-proxy-1.mjs LISTEN_PORT GATEWAY_PORT`. */
const [listen, gateway] = process.argv.slice(2).map(Number);
const authority = `127.0.0.1:${gateway}`;
const DELETED =
  /^(?:x-forwarded|x-original-|x-vercel-|cf-|fly-forwarded-|tailscale-|(?:forwarded|via|x-real-ip|true-client-ip|x-client-ip|sec-websocket-extensions)$)/;

const proxy = httpProxy.createProxyServer({ target: `http://${authority}` });
proxy.on("error", () => {});
const server = createServer((request, response) => proxy.web(request, response));
server.on("upgrade", (request, socket, head) => {
  for (const name of Object.keys(request.headers)) {
    if (DELETED.test(name)) delete request.headers[name];
  }
  request.headers.host = authority;
  socket.on("error", () => socket.destroy());
  proxy.ws(request, socket, head);
});
server.listen({ host: "127.0.0.1", port: listen, backlog: 4096 });
