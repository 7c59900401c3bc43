// CWE-307: a guess that the gateway answers and the shim does not see as one would not count towards the limit.
import { describe, expect, it } from "vitest";
import { challenge, connectRequest, refusal } from "../support/messages.ts";
import {
  acceptUpgrade,
  openSlots,
  startRawGatewayWithShim,
  type RawGatewayWithShim,
} from "../support/raw-gateway.ts";
import { BINARY, closeFrame, frame, TEXT } from "../support/websocket-frames.ts";

const PAGE = "http://localhost:3000";
const UPGRADE =
  "GET / HTTP/1.1\r\nHost: localhost:18788\r\nOrigin: http://localhost:3000\r\nConnection: Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const BURST = 10;
const WRONG = refusal({ code: "INVALID_REQUEST", details: { code: "AUTH_TOKEN_MISMATCH" } });

/** A gateway that refuses whatever comes after its challenge, as one that reads binary messages like text. */
const refusing = acceptUpgrade((socket) => {
  socket.write(frame(TEXT, challenge, false));
  socket.once("data", () => socket.end(frame(TEXT, WRONG, false)));
});

/** 1,100 fragments: more than the shim keeps, and fewer than some gateways do. */
function fragmented(text: string): Buffer {
  const empty = Buffer.from([0x00, 0x80, 0, 0, 0, 0]);
  const first = Buffer.from([0x01, 0x80, 0, 0, 0, 0]);
  return Buffer.concat([first, ...Array.from({ length: 1_100 }, () => empty), frame(0, text, true)]);
}

const LIMITED = { answer: "HTTP/1.1 429", outcome: "rate-limited" };

/** What becomes of one more attempt, after so many outcomes. */
async function oneMore({ shim, upgrade }: RawGatewayWithShim, outcomes = BURST): Promise<typeof LIMITED> {
  const answer = (await upgrade(UPGRADE).closed()).slice(0, LIMITED.answer.length);
  return { answer, outcome: (await shim.outcome(outcomes)).outcome };
}

describe("a guess is counted", () => {
  it("whose fragments only the gateway can read, sent before its challenge", async () => {
    const bench = await startRawGatewayWithShim(refusing);
    for (let i = 0; i < BURST; i += 1) {
      const client = bench.upgrade(UPGRADE);
      client.socket.write(fragmented(connectRequest()));
      await client.until((text) => text.includes("AUTH_TOKEN_MISMATCH"));
      await bench.shim.outcome(i);
    }
    expect(await oneMore(bench)).toEqual(LIMITED);
  });

  it("whose answer was not waited for: a right one would have come at once", async () => {
    const bench = await startRawGatewayWithShim(
      acceptUpgrade((socket) => socket.write(frame(TEXT, challenge, false))),
    );
    for (let i = 0; i < BURST; i += 1) {
      const client = bench.upgrade(UPGRADE);
      await client.until((text) => text.includes("connect.challenge"));
      client.socket.end(frame(TEXT, connectRequest({ auth: { token: `guess-${i}` } }), true));
      await bench.shim.outcome(i);
    }
    expect(await oneMore(bench)).toEqual(LIMITED);
  });

  it("over HTTP, whose answer was not waited for", async () => {
    const bench = await startRawGatewayWithShim(() => {});
    for (let i = 0; i < BURST; i += 1) {
      const client = bench.upgrade(
        `POST /tools/invoke HTTP/1.1\r\nHost: localhost\r\nOrigin: ${PAGE}\r\nAuthorization: Bearer guess\r\n\r\n`,
      );
      await expect.poll(() => bench.requests.length).toBe(i + 1);
      client.socket.destroy();
    }
    await expect.poll(() => openSlots(bench.shim)).toBe(0);
    expect(await oneMore(bench, 0)).toEqual(LIMITED);
  });

  it.each([
    ["as a binary message", frame(BINARY, connectRequest(), true)],
    [
      "with a close frame in the same breath",
      Buffer.concat([frame(TEXT, connectRequest(), true), closeFrame(1000, "", true)]),
    ],
    ["in a message larger than any connect", frame(TEXT, connectRequest({ pad: "x".repeat(70_000) }), true)],
    ["behind bytes that are no message", frame(0x7, "", true)],
  ])("%s", async (_how, bytes) => {
    const bench = await startRawGatewayWithShim(refusing);
    const { shim, upgrade } = bench;
    for (let i = 0; i < BURST; i += 1) {
      const client = upgrade(UPGRADE);
      await client.until((text) => text.includes("connect.challenge"));
      client.socket.write(bytes);
      await client.closed();
      await shim.outcome(i);
    }
    expect(await oneMore(bench)).toEqual(LIMITED);
    // The tool beside the page is not kept out.
    const tool = upgrade(UPGRADE.replace(`Origin: ${PAGE}\r\n`, ""));
    expect(await tool.until((text) => text.includes("connect.challenge"))).toMatch(/^HTTP\/1.1 101 /);
  });
});
