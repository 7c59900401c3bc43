import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";

/** What the infrastructure in front of a MicroVM adds; the client's address is of RFC 5737's test network. */
export const FORWARDING_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ["X-Forwarded-For", "203.0.113.7"],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Host", "sandbox.example.com"],
  ["X-Forwarded-Port", "443"],
  ["X-Real-IP", "203.0.113.7"],
  ["Forwarded", 'for=203.0.113.7;proto=https;host="sandbox.example.com"'],
  ["Via", "1.1 edge"],
];

/** The Host that it sets. */
export const PUBLIC_HOST = "sandbox.example.com";

/**
 * Starts a proxy like the one in front of a MicroVM: it sets Host in an upgrade, adds headers, and copies everything
 * else. It serves the demo's own client only, which sends its request head at once.
 * @throws the system's error if no port is free
 */
export async function startInfrastructure(targetPort: number): Promise<Server> {
  const added = FORWARDING_HEADERS.map(([name, value]) => `\r\n${name}: ${value}`).join("");
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    client.once("data", (head: Buffer) => {
      const text = head.toString("latin1").replace(/^Host: .*$/im, `Host: ${PUBLIC_HOST}`);
      upstream.write(text.replace("\r\n\r\n", `${added}\r\n\r\n`), "latin1");
      client.pipe(upstream).pipe(client);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on("error", () => socket.destroy());
      socket.on("close", () => other.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Returns the port that a server listens on. */
export function portOf(server: Pick<Server, "address">): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
