import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startFakeGatewayWithShim } from "../support/gateways.ts";
import { challenge } from "../support/messages.ts";
import { acceptUpgrade, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { BINARY, frame, TEXT } from "../support/websocket-frames.ts";

async function openEcho(): Promise<{
  client: WebSocket;
  shim: Awaited<ReturnType<typeof startFakeGatewayWithShim>>["shim"];
}> {
  const { shim } = await startFakeGatewayWithShim();
  const client = new WebSocket(`ws://${shim.authority}/__openclaw__/worker?token=secret`);
  onTestFinished(() => client.terminate());
  await once(client, "open");
  return { client, shim };
}

async function echo(client: WebSocket, message: string | Buffer): Promise<string> {
  const answer = once(client, "message");
  client.send(message);
  return String((await answer)[0]);
}

describe("a WebSocket that is not of the gateway's protocol", () => {
  it.each(["text that is no frame", JSON.stringify({ type: "req", id: "1", method: "ping" }), "[]", ""])(
    "works when the client begins with the text %j",
    async (text) => {
      const { client, shim } = await openEcho();
      expect(await echo(client, text)).toBe(text);
      expect(await echo(client, "more")).toBe("more");
      expect(await shim.outcome()).toMatchObject({
        outcome: "not-gateway-protocol",
        path: "/__openclaw__/worker",
        reason: "the client's first message is not a connect request",
      });
      client.close();
      await once(client, "close");
      expect(shim.outcomes).toHaveLength(1);
    },
  );

  it("works when the first message is binary", async () => {
    const { client, shim } = await openEcho();
    expect(await echo(client, Buffer.from("binary"))).toBe("binary");
    expect(await shim.outcome()).toMatchObject({
      outcome: "not-gateway-protocol",
      reason: "binary message from the client",
    });
  });

  it("works when a message is larger than any connect", async () => {
    const { client, shim } = await openEcho();
    const large = "x".repeat(100_000);
    expect(await echo(client, large)).toBe(large);
    expect(await shim.outcome()).toMatchObject({ outcome: "not-gateway-protocol" });
  });

  it.each(["the client", "the gateway"])(
    "is told once where %s resets before the gateway has said anything",
    async (who) => {
      const bench = await startRawGatewayWithShim(acceptUpgrade());
      const client = bench.upgrade();
      await client.until((text) => text.startsWith("HTTP/1.1 101"));
      const arrived = once(bench.requests[0] ?? client.socket, "data");
      client.socket.write(frame(BINARY, "no connect", true));
      await arrived;
      (who === "the client" ? client.socket : bench.requests[0])?.resetAndDestroy();
      const reason = "binary message from the client";
      expect(await bench.shim.outcome()).toMatchObject({ outcome: "not-gateway-protocol", reason });
      await bench.allClosed();
      expect(bench.shim.outcomes).toHaveLength(1);
    },
  );

  it("works when the gateway begins with something else than a challenge", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => socket.write(frame(TEXT, '{"type":"event","event":"reload"}', false))),
    );
    await upgrade().until((text) => text.includes("reload"));
    const reason = "the gateway's first message is not a challenge";
    expect(await shim.outcome()).toMatchObject({ outcome: "not-gateway-protocol", reason });
  });

  it("works when the bytes after the 101 are no frames at all", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => socket.write("\xff\xff\xff", "latin1")),
    );
    await upgrade().until((text) => text.endsWith("\xff\xff\xff"));
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "not-gateway-protocol" });
    expect(outcome.reason).toMatch(/^unreadable frames from the gateway: WS_ERR_/);
  });

  it("is still the gateway's protocol when other events come after the challenge", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => {
        socket.write(frame(TEXT, challenge, false));
        socket.end(frame(TEXT, '{"type":"event","event":"tick"}', false));
      }),
    );
    await upgrade().closed();
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-closed" });
  });
});
