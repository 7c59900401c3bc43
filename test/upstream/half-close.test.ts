import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim, type RawGatewayWithShim } from "../support/raw-gateway.ts";
import { closed, type RawClient } from "../support/raw.ts";

interface Joined extends RawGatewayWithShim {
  readonly client: RawClient;
  readonly server: Socket;
}

async function join(): Promise<Joined> {
  const bench = await startRawGatewayWithShim(acceptUpgrade());
  const client = bench.upgrade();
  await client.until((text) => text.includes("\r\n\r\n"));
  const [server] = bench.requests;
  if (!server) throw new Error("no upgrade reached the gateway");
  return { ...bench, client, server };
}

async function took(what: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await what;
  return performance.now() - start;
}

describe("the end of one side", () => {
  it.each(["end", "resetAndDestroy", "destroy"] as const)(
    "client.%s ends the gateway's within a second",
    async (how) => {
      const { shim, client, server, allClosed } = await join();
      const ended = closed(server);
      client.socket[how]();
      expect(await took(ended)).toBeLessThan(1_000);
      await allClosed();
      expect(shim.outcomes).toMatchObject([{ outcome: "abandoned" }]);
    },
  );

  it.each(["end", "resetAndDestroy", "destroy"] as const)(
    "gateway.%s ends the client's within a second",
    async (how) => {
      const { shim, client, server, allClosed } = await join();
      server[how]();
      expect(await took(client.closed())).toBeLessThan(1_000);
      await allClosed();
      expect(shim.outcomes).toMatchObject([{ outcome: "gateway-closed" }]);
    },
  );

  it("lets the gateway finish what it says to a client that half-closed", async () => {
    const { client, server, allClosed } = await join();
    client.socket.allowHalfOpen = true;
    server.removeAllListeners("end");
    const ended = once(server, "end");
    client.socket.end("last words");
    await ended;
    server.end("the answer to them");
    expect(await client.closed()).toMatch(/the answer to them$/);
    await allClosed();
  });

  it("ends a gateway that stays half-open, soon after the client's end", async () => {
    const { client, server, allClosed } = await join();
    server.removeAllListeners("end");
    const dead = setInterval(() => server.write("tick"), 50);
    server.once("close", () => clearInterval(dead));
    client.socket.end();
    expect(await took(closed(server))).toBeLessThan(2_000);
    await allClosed();
  });

  it("ends a client that stays half-open, soon after the gateway's end", async () => {
    const { client, server, allClosed } = await join();
    client.socket.allowHalfOpen = true;
    const dead = setInterval(() => client.socket.write("tick"), 50);
    client.socket.once("close", () => clearInterval(dead));
    server.end();
    expect(await took(client.closed())).toBeLessThan(2_000);
    await allClosed();
  });
});
