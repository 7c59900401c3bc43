import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startFakeGatewayWithShim } from "../support/gateways.ts";
import { challenge } from "../support/messages.ts";
import { acceptUpgrade, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { BINARY, frame, TEXT } from "../support/websocket-frames.ts";

/** Opens a WebSocket to the fake gateway's echo endpoint. */
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
  const response = once(client, "message");
  client.send(message);
  return String((await response)[0]);
}

describe("a WebSocket with another protocol", () => {
  it.each(["not JSON", JSON.stringify({ type: "req", id: "1", method: "ping" }), "[]", ""])(
    "is relayed when the client's first text is %j",
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

  it("is relayed when the first message is binary", async () => {
    const { client, shim } = await openEcho();
    expect(await echo(client, Buffer.from("binary"))).toBe("binary");
    expect(await shim.outcome()).toMatchObject({
      outcome: "not-gateway-protocol",
      reason: "binary message from the client",
    });
  });

  it("is relayed when a message is larger than the limit for connect requests", async () => {
    const { client, shim } = await openEcho();
    const large = "x".repeat(100_000);
    expect(await echo(client, large)).toBe(large);
    expect(await shim.outcome()).toMatchObject({ outcome: "not-gateway-protocol" });
  });

  it.each(["the client", "the gateway"])(
    "is reported once when %s resets before the gateway has sent a message",
    async (side) => {
      const setup = await startRawGatewayWithShim(acceptUpgrade());
      const client = setup.upgrade();
      await client.until((text) => text.startsWith("HTTP/1.1 101"));
      const arrived = once(setup.requests[0] ?? client.socket, "data");
      client.socket.write(frame(BINARY, "not a connect", true));
      await arrived;
      (side === "the client" ? client.socket : setup.requests[0])?.resetAndDestroy();
      const reason = "binary message from the client";
      expect(await setup.shim.outcome()).toMatchObject({ outcome: "not-gateway-protocol", reason });
      await setup.allClosed();
      expect(setup.shim.outcomes).toHaveLength(1);
    },
  );

  it("is relayed when the gateway's first message is not a challenge", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => socket.write(frame(TEXT, '{"type":"event","event":"reload"}', false))),
    );
    await upgrade().until((text) => text.includes("reload"));
    const reason = "the gateway's first message is not a challenge";
    expect(await shim.outcome()).toMatchObject({ outcome: "not-gateway-protocol", reason });
  });

  it("is relayed when the bytes after the 101 are not frames", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => socket.write("\xff\xff\xff", "latin1")),
    );
    await upgrade().until((text) => text.endsWith("\xff\xff\xff"));
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "not-gateway-protocol" });
    expect(outcome.reason).toMatch(/^unreadable frames from the gateway: WS_ERR_/);
  });

  it("is not assumed when other events follow the challenge", async () => {
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
