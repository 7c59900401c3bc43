import { createServer } from "node:http";
import { connect } from "node:net";

/**
 * A minimal relay on Node's public API, as the baseline for the shim: no gate, limits, deadlines, error responses,
 * observer or log. Usage: `bare-relay.mjs LISTEN_PORT GATEWAY_PORT`.
 */
const [listen, gateway] = process.argv.slice(2).map(Number);
const DELETED =
  /^(?:x-forwarded|x-original-|x-vercel-|cf-|fly-forwarded-|tailscale-|(?:host|forwarded|via|x-real-ip|true-client-ip|x-client-ip|sec-websocket-extensions)$)/i;

const server = createServer();
server.on("upgrade", ({ url = "/", rawHeaders }, client) => {
  let head = `GET ${url} HTTP/1.1\r\nHost: 127.0.0.1:${gateway}\r\n`;
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
