// CWE-307: a failed authentication attempt that the shim does not recognize would not count towards the limit.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { challenge, connectRequest, refusal } from "../support/messages.ts";
import { setPeerAddress } from "../support/peer.ts";
import {
  acceptUpgrade,
  openSlots,
  startRawGatewayWithShim,
  type RawGatewayWithShim,
} from "../support/raw-gateway.ts";
import { BINARY, closeFrame, frame, TEXT } from "../support/websocket-frames.ts";

const PEER = "192.0.2.7";
const UPGRADE =
  "GET / HTTP/1.1\r\nHost: localhost:18788\r\nConnection: Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const BURST = 10;
const WRONG = refusal({ code: "INVALID_REQUEST", details: { code: "AUTH_TOKEN_MISMATCH" } });

/** A gateway that refuses all bytes after its challenge, as one that reads binary messages like text. */
const refusing = acceptUpgrade((socket) => {
  socket.write(frame(TEXT, challenge, false));
  socket.once("data", () => socket.end(frame(TEXT, WRONG, false)));
});

/** Splits a message into 1,100 fragments: more than the shim reads, fewer than some gateways accept. */
function fragmented(text: string): Buffer {
  const empty = Buffer.from([0x00, 0x80, 0, 0, 0, 0]);
  const first = Buffer.from([0x01, 0x80, 0, 0, 0, 0]);
  return Buffer.concat([first, ...Array.from({ length: 1_100 }, () => empty), frame(0, text, true)]);
}

const LIMITED = { response: "HTTP/1.1 429", outcome: "rate-limited" };

/** Makes one more attempt after `outcomes` outcomes. */
async function oneMore({ shim, upgrade }: RawGatewayWithShim, outcomes = BURST): Promise<typeof LIMITED> {
  const response = (await upgrade(UPGRADE).closed()).slice(0, LIMITED.response.length);
  return { response, outcome: (await shim.outcome(outcomes)).outcome };
}

/** Starts a shim of which every client is a peer from another machine. */
function startForPeer(onRequest: Parameters<typeof startRawGatewayWithShim>[0]): Promise<RawGatewayWithShim> {
  setPeerAddress(() => PEER);
  return startRawGatewayWithShim(onRequest, { allowFrom: [PEER] });
}

describe("a failed attempt of a peer is counted", () => {
  it("when its fragments, sent before the challenge, are readable only for the gateway", async () => {
    const setup = await startForPeer(refusing);
    for (let i = 0; i < BURST; i += 1) {
      const client = setup.upgrade(UPGRADE);
      client.socket.write(fragmented(connectRequest()));
      await client.until((text) => text.includes("AUTH_TOKEN_MISMATCH"));
      await setup.shim.outcome(i);
    }
    expect(await oneMore(setup)).toEqual(LIMITED);
  });

  it("over HTTP, when the client does not wait for the response", async () => {
    const setup = await startForPeer(() => {});
    for (let i = 0; i < BURST; i += 1) {
      const client = setup.upgrade(
        `POST /tools/invoke HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n\r\n`,
      );
      await expect.poll(() => setup.requests.length).toBe(i + 1);
      client.socket.destroy();
      await client.closed();
      // It holds its slot and its gateway connection until then.
      expect(await openSlots(setup.shim)).toBe(1);
      setup.requests[i]?.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      await expect.poll(() => openSlots(setup.shim)).toBe(0);
    }
    expect(await oneMore(setup, 0)).toEqual(LIMITED);
  });

  it("over HTTP; a response that does not arrive is awaited for 6 s", async () => {
    const setup = await startForPeer(() => {});
    const client = setup.upgrade(
      `GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n`,
    );
    await expect.poll(() => setup.requests.length).toBe(1);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    client.socket.destroy();
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(6_000);
    vi.useRealTimers();
    await setup.allClosed();
  });

  it.each([
    ["as a binary message", frame(BINARY, connectRequest(), true)],
    [
      "with a close frame in the same write",
      Buffer.concat([frame(TEXT, connectRequest(), true), closeFrame(1000, "", true)]),
    ],
    [
      "in a message above the limit for connect requests",
      frame(TEXT, connectRequest({ pad: "x".repeat(70_000) }), true),
    ],
    ["after bytes that are not a message", frame(0x7, "", true)],
  ])("%s", async (_how, bytes) => {
    const setup = await startForPeer(refusing);
    const { shim, upgrade } = setup;
    for (let i = 0; i < BURST; i += 1) {
      const client = upgrade(UPGRADE);
      await client.until((text) => text.includes("connect.challenge"));
      client.socket.write(bytes);
      await client.closed();
      await shim.outcome(i);
    }
    expect(await oneMore(setup)).toEqual(LIMITED);
  });
});
