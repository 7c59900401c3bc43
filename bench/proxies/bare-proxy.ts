import { Agent, createServer, request as forward } from "node:http";
import { connect } from "node:net";

/**
 * A minimal proxy on Node's public API, as the baseline for the shim: no gate, limits, deadlines, error responses,
 * observer or log. Relays WebSockets with `pipe`, and plain requests with `http.request` and a keep-alive agent.
 * Usage: `bare-proxy.mjs LISTEN_PORT GATEWAY_PORT`.
 */
const [listen, port = 0] = process.argv.slice(2).map(Number);
const host = "127.0.0.1";
const agent = new Agent({ keepAlive: true });
const DELETED =
  /^(?:x-forwarded|x-original-|x-vercel-|cf-|fly-forwarded-|tailscale-|(?:host|forwarded|via|x-real-ip|true-client-ip|x-client-ip|sec-websocket-extensions)$)/i;

const server = createServer(({ method, url, rawHeaders }, response) => {
  const options = { host, port, agent, method, path: url, headers: changed(rawHeaders) };
  const forwarded = forward(options, (from) => {
    response.writeHead(from.statusCode ?? 502, from.rawHeaders);
    from.pipe(response);
  });
  forwarded.on("error", () => response.destroy());
  response.req.pipe(forwarded);
});
server.on("upgrade", ({ url = "/", rawHeaders }, client) => {
  const headers = changed(rawHeaders);
  let head = `GET ${url} HTTP/1.1\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  const upstream = connect({ host, port, noDelay: true });
  upstream.write(`${head}\r\n`, "latin1");
  client.on("error", () => upstream.destroy());
  upstream.on("error", () => client.destroy());
  client.pipe(upstream).pipe(client);
});
server.listen({ host, port: listen, backlog: 4096 });

/** Returns names and values in turn, without forwarding fields and with the gateway's Host. */
function changed(rawHeaders: readonly string[]): string[] {
  const headers = ["Host", `${host}:${port}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
    if (!DELETED.test(name)) headers.push(name, value);
  }
  return headers;
}
