import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim, type RawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, type RawClient } from "../support/raw.ts";

interface Connected extends RawGatewayWithShim {
  readonly client: RawClient;
  readonly server: Socket;
}

/** Opens an upgraded connection. */
async function connect(): Promise<Connected> {
  const bench = await startRawGatewayWithShim(acceptUpgrade());
  const client = bench.upgrade();
  await client.until((text) => text.includes("\r\n\r\n"));
  const [server] = bench.requests;
  if (!server) throw new Error("no upgrade reached the gateway");
  return { ...bench, client, server };
}

/** Returns the milliseconds until `what` settles. */
async function duration(what: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await what;
  return performance.now() - start;
}

describe("the close of one side", () => {
  it.each(["end", "resetAndDestroy", "destroy"] as const)(
    "client.%s closes the gateway connection within a second",
    async (how) => {
      const { shim, client, server, allClosed } = await connect();
      const ended = closed(server);
      client.socket[how]();
      expect(await duration(ended)).toBeLessThan(1_000);
      await allClosed();
      expect(shim.outcomes).toMatchObject([{ outcome: "abandoned" }]);
    },
  );

  it.each(["end", "resetAndDestroy", "destroy"] as const)(
    "gateway.%s closes the client connection within a second",
    async (how) => {
      const { shim, client, server, allClosed } = await connect();
      server[how]();
      expect(await duration(client.closed())).toBeLessThan(1_000);
      await allClosed();
      expect(shim.outcomes).toMatchObject([{ outcome: "gateway-closed" }]);
    },
  );

  it("passes the gateway's last bytes to a client that half-closed", async () => {
    const { client, server, allClosed } = await connect();
    client.socket.allowHalfOpen = true;
    server.removeAllListeners("end");
    const ended = once(server, "end");
    client.socket.end("last request");
    await ended;
    server.end("last response");
    expect(await client.closed()).toMatch(/last response$/);
    await allClosed();
  });

  it("closes a gateway connection that stays half-open soon after the client's close", async () => {
    const { client, server, allClosed } = await connect();
    server.removeAllListeners("end");
    const ticks = setInterval(() => server.write("tick"), 50);
    server.once("close", () => clearInterval(ticks));
    client.socket.end();
    expect(await duration(closed(server))).toBeLessThan(2_000);
    await allClosed();
  });

  it("closes a client connection that stays half-open soon after the gateway's close", async () => {
    const { client, server, allClosed } = await connect();
    client.socket.allowHalfOpen = true;
    const ticks = setInterval(() => client.socket.write("tick"), 50);
    client.socket.once("close", () => clearInterval(ticks));
    server.end();
    expect(await duration(client.closed())).toBeLessThan(2_000);
    await allClosed();
  });
});
