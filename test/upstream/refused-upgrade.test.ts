import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { relayRefusal } from "../../src/upstream/refused-upgrade.ts";
import { startRawGatewayWithShim, tcpPair } from "../support/raw-gateway.ts";
import { closed } from "../support/raw.ts";

const JSON_BODY = '{"error":{"type":"proxy_attribution_required","message":"…"}}';
const LENGTH = Buffer.byteLength(JSON_BODY);
const CHUNKED =
  "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nX-Case: As-Is\r\n\r\n" +
  `1;ext=1\r\n${JSON_BODY.slice(0, 1)}\r\n${(LENGTH - 1).toString(16)}\r\n${JSON_BODY.slice(1)}\r\n0\r\nTrailer: t\r\n\r\n`;

const REFUSALS = [
  ["chunked", CHUNKED, "stays open"],
  [
    "with a Content-Length, on a persistent connection",
    `HTTP/1.1 403 No\r\nContent-Length: ${LENGTH}\r\n\r\n${JSON_BODY}`,
    "stays open",
  ],
  ["until close", `HTTP/1.1 503 Busy\r\nRetry-After: 3\r\n\r\n${JSON_BODY}`, "closes"],
  [
    "without a body",
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Bearer\r\n\r\n",
    "stays open",
  ],
  ["in HTTP/1.0", `HTTP/1.0 503 Busy\r\n\r\n${JSON_BODY}`, "closes"],
] as const;

describe("a gateway's refusal of an upgrade", () => {
  it.each(REFUSALS)("%s reaches the client byte for byte", async (_what, response, then) => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) => {
      socket.write(response);
      if (then === "closes") socket.end();
    });
    expect(Buffer.from(await upgrade().closed(), "latin1").toString()).toBe(response);
    await allClosed();
    expect(shim.outcomes).toMatchObject([{ outcome: "gateway-refused" }]);
  });

  it("arrives complete when the gateway sends it byte by byte", async () => {
    const { upgrade } = await startRawGatewayWithShim((socket) => {
      const bytes = [...Buffer.from(CHUNKED)];
      const next = (): void => {
        const byte = bytes.shift();
        if (byte !== undefined) socket.write(Buffer.of(byte), () => setImmediate(next));
      };
      next();
    });
    expect(Buffer.from(await upgrade().closed(), "latin1").toString()).toBe(CHUNKED);
  });

  it("arrives complete at a client that reads late", async () => {
    const body = Buffer.alloc(12 * 1024 * 1024, "refused ");
    const { upgrade, allClosed } = await startRawGatewayWithShim((socket) => {
      socket.write(`HTTP/1.1 403 No\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    const client = upgrade();
    client.socket.once("data", () => {
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 1_500);
    });
    const response = await client.closed();
    expect(response.length - response.indexOf("\r\n\r\n") - 4).toBe(body.length);
    await allClosed();
  });

  it("is final: later bytes of the client do not reach the gateway", async () => {
    const { gateway, upgrade, allClosed } = await startRawGatewayWithShim((socket) => socket.write(CHUNKED));
    const client = upgrade();
    client.socket.write("GET /second HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await client.closed();
    await allClosed();
    expect(gateway.received()).not.toContain("second");
  });

  it("is aborted at the gateway when the client disconnects in the middle", async () => {
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) =>
      socket.write("HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nhalf"),
    );
    const client = upgrade();
    await client.until((text) => text.endsWith("half"));
    client.socket.resetAndDestroy();
    await allClosed();
    expect(shim.outcomes).toMatchObject([{ outcome: "gateway-refused", http: { status: 403 } }]);
  });
});

describe("a refusal whose relay starts late", () => {
  it.each(["client.end", "client.destroy", "gateway.end", "gateway.destroy"] as const)(
    "is relayed, and both connections close, after a %s",
    async (what) => {
      const [client, gateway] = [await tcpPair(), await tcpPair()];
      const sides = { client, gateway };
      const [side, how] = what.split(".") as ["client" | "gateway", "end" | "destroy"];
      sides[side].near.resume();
      if (how === "destroy") sides[side].near.destroy();
      else sides[side].far.end();
      await once(sides[side].near, how === "destroy" ? "close" : "end");
      let text = "";
      client.far.on("data", (chunk: Buffer) => (text += chunk.toString()));
      const head = "HTTP/1.1 503 Busy\r\n\r\n";
      const received = Buffer.from(`${head}busy`);
      const content: string[] = [];
      const first = await new Promise((resolve) => {
        const onResponseContent = (bytes: Buffer): unknown => content.push(bytes.toString());
        const listener = { onResponseContent, onClosed: resolve };
        relayRefusal({
          client: client.near,
          gateway: gateway.near,
          received,
          headSize: head.length,
          listener,
        });
      });
      client.far.end();
      await closed(client.near);
      expect([first, content.join("")]).toEqual(["gateway", "busy"]);
      expect(gateway.near.destroyed).toBe(true);
      expect(text).toBe(what === "client.destroy" ? "" : `${head}busy`);
    },
  );
});
