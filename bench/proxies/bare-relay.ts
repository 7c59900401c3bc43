import { createServer } from "node:http";
import { connect } from "node:net";

/**
 * The least that a relay on Node's public API can be: no gate, no bound, no deadline, no error answered, nothing read
 * or logged. What it takes is the floor for the shim. Run as `bare-relay.mjs LISTEN GATEWAY`, two ports.
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
