import { Agent, createServer, request as forward } from "node:http";
import { connect } from "node:net";

/**
 * A minimal proxy on Node's public API, as the baseline for the shim: no gate, limits, deadlines, error responses,
 * observer or log. Relays WebSockets with `pipe`, and plain requests with `http.request` and a keep-alive agent.
 * Usage: `bare-proxy.mjs LISTEN_PORT GATEWAY_PORT`.
 */
const [listen, gateway] = process.argv.slice(2).map(Number);
const authority = `127.0.0.1:${gateway}`;
const agent = new Agent({ keepAlive: true });
const DELETED =
  /^(?:x-forwarded|x-original-|x-vercel-|cf-|fly-forwarded-|tailscale-|(?:host|forwarded|via|x-real-ip|true-client-ip|x-client-ip|sec-websocket-extensions)$)/i;

const server = createServer((request, response) => {
  const { method, url, rawHeaders } = request;
  const headers = ["Host", authority];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!DELETED.test(rawHeaders[i] ?? "")) headers.push(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  }
  const options = { host: "127.0.0.1", port: gateway, agent, method, path: url, headers };
  const forwarded = forward(options, (from) => {
    response.writeHead(from.statusCode ?? 502, from.rawHeaders);
    from.pipe(response);
  });
  forwarded.on("error", () => response.destroy());
  request.pipe(forwarded);
});
// Allocates as little as it can: memory and CPU of this path are the reference of goals.
server.on("upgrade", ({ url = "/", rawHeaders }, client) => {
  let head = `GET ${url} HTTP/1.1\r\nHost: ${authority}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!DELETED.test(rawHeaders[i] ?? "")) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  }
  const upstream = connect({ host: "127.0.0.1", port: gateway ?? 0, noDelay: true });
  upstream.write(`${head}\r\n`, "latin1");
  client.on("error", () => upstream.destroy());
  upstream.on("error", () => client.destroy());
  client.pipe(upstream).pipe(client);
});
server.listen({ host: "127.0.0.1", port: listen, backlog: 4096 });
