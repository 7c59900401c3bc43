// CWE-307: a guess that the gateway answers and the shim does not see as one would not count towards the limit.
import { describe, expect, it } from "vitest";
import { challenge, connectRequest, refusal } from "../pairing/protocol.ts";
import { BINARY, closeFrame, frame, TEXT } from "../relay/frames.ts";
import { startBench, switching } from "../relay/harness.ts";

const PAGE = "http://localhost:3000";
const UPGRADE =
  "GET / HTTP/1.1\r\nHost: localhost:18788\r\nOrigin: http://localhost:3000\r\nConnection: Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const BURST = 10;
const WRONG = refusal({ code: "INVALID_REQUEST", details: { code: "AUTH_TOKEN_MISMATCH" } });

/** A gateway that refuses whatever comes after its challenge, as one that reads binary messages like text. */
const refusing = switching((socket) => {
  socket.write(frame(TEXT, challenge, false));
  socket.once("data", () => socket.end(frame(TEXT, WRONG, false)));
});

describe("a guess is counted", () => {
  it.each([
    ["as a binary message", frame(BINARY, connectRequest(), true)],
    [
      "with a close frame in the same breath",
      Buffer.concat([frame(TEXT, connectRequest(), true), closeFrame(1000, "", true)]),
    ],
    ["in a message larger than any connect", frame(TEXT, connectRequest({ pad: "x".repeat(70_000) }), true)],
    ["behind bytes that are no message", frame(0x7, "", true)],
  ])("%s", async (_how, bytes) => {
    const { shim, upgrade } = await startBench(refusing);
    for (let i = 0; i < BURST; i += 1) {
      const client = upgrade(UPGRADE);
      await client.until((text) => text.includes("connect.challenge"));
      client.socket.write(bytes);
      await client.closed();
      await shim.outcome(i);
    }
    expect(await upgrade(UPGRADE).closed()).toMatch(/^HTTP\/1.1 429 /);
    expect(await shim.outcome(BURST)).toMatchObject({ outcome: "rate-limited" });
    // The tool beside the page is not kept out.
    const tool = upgrade(UPGRADE.replace(`Origin: ${PAGE}\r\n`, ""));
    expect(await tool.until((text) => text.includes("connect.challenge"))).toMatch(/^HTTP\/1.1 101 /);
  });
});
