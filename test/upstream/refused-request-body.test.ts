import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { rawClient } from "../support/raw.ts";

const BODY_BYTES = 8_000_000;
const post = (length: number): string =>
  `POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: ${length}\r\n\r\n`;

describe("the refusal of a request with a body", () => {
  it("reaches a client that reads only after sending the whole body", async () => {
    const { shim } = await startRawGatewayWithShim();
    const client = rawClient(shim.port, post(BODY_BYTES));
    client.socket.pause();
    client.socket.write(Buffer.alloc(BODY_BYTES));
    await once(client.socket, "drain");
    client.socket.resume();
    const response = await client.closed();
    expect(response).toMatch(/^HTTP\/1\.1 421 [^]*\r\nConnection: close\r\n/i);
    expect(JSON.parse(response.slice(response.indexOf("\r\n\r\n")))).toMatchObject({
      error: { type: "host_not_allowed" },
    });
    expect(client.socket.bytesWritten).toBeGreaterThan(BODY_BYTES);
  });

  it("is sent immediately, before the body", async () => {
    const { shim } = await startRawGatewayWithShim();
    const client = rawClient(shim.port, post(BODY_BYTES));
    expect(await client.until((text) => text.endsWith("}\n"))).toMatch(/^HTTP\/1\.1 421 /);
    client.socket.destroy();
  });

  it("closes the connection of a client that never sends the body or never stops sending", async () => {
    const { shim } = await startRawGatewayWithShim();
    const start = performance.now();
    const silent = rawClient(shim.port, post(10));
    const endless = rawClient(shim.port, post(1e15));
    const more = (): void => {
      while (!endless.socket.destroyed && endless.socket.write(Buffer.alloc(65_536)));
    };
    endless.socket.on("drain", more);
    more();
    await Promise.all([silent.closed(), endless.closed()]);
    expect(performance.now() - start).toBeLessThan(4_000);
    expect(silent.received()).toMatch(/^HTTP\/1\.1 421 /);
  });

  it("admits no second request on the connection", async () => {
    const { shim } = await startRawGatewayWithShim();
    const client = rawClient(shim.port, `${post(4)}bodyGET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    expect((await client.closed()).match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 421"]);
  });
});
