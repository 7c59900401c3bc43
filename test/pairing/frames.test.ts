import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFrameReader } from "../../src/pairing/frames.ts";
import { BINARY, closeFrame, frame, TEXT } from "../relay/frames.ts";

const PING = 0x9;
const side = fc.constantFrom("client" as const, "gateway" as const);
const message = fc.oneof(
  fc.record({ opcode: fc.constant(TEXT), payload: fc.string({ unit: "grapheme", maxLength: 300 }) }),
  fc.record({ opcode: fc.constant(BINARY), payload: fc.string({ maxLength: 70_000, size: "max" }) }),
  fc.record({ opcode: fc.constant(PING), payload: fc.string({ unit: "grapheme-ascii", maxLength: 125 }) }),
);

/** What a reader hears of these chunks; `undefined` payload sizes are none. */
async function read(from: "client" | "gateway", chunks: readonly Buffer[]): Promise<string[]> {
  const heard: string[] = [];
  const reader = createFrameReader(from, {
    onMessage: (data, isBinary) => heard.push(`${isBinary ? "binary" : "text"} ${data.toString("base64")}`),
    onClose: (code, reason) => {
      heard.push(`close ${code} ${reason}`);
      reader.stop();
    },
    onUnreadable: (why) => heard.push(`unreadable ${why}`),
  });
  for (const chunk of chunks) reader.push(chunk);
  // Errors of a stream come in the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  return heard;
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

describe("the frame reader", () => {
  it("reads the same messages and close, however the bytes are cut, and changes none of them", async () => {
    await fc.assert(
      fc.asyncProperty(
        side,
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        async (from, messages, cuts) => {
          const masked = from === "client";
          const frames = messages.map(({ opcode, payload }) => frame(opcode, payload, masked));
          const bytes = Buffer.concat([...frames, closeFrame(1008, "why", masked)]);
          const before = Buffer.from(bytes);
          const large = messages.find(({ payload }) => masked && payload.length > 65_536);
          const expected = messages
            .slice(0, large ? messages.indexOf(large) : messages.length)
            .filter(({ opcode }) => opcode !== PING)
            .map(
              ({ opcode, payload }) =>
                `${opcode === TEXT ? "text" : "binary"} ${Buffer.from(payload).toString("base64")}`,
            );
          expected.push(large ? "unreadable WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" : "close 1008 why");
          expect(await read(from, split(bytes, cuts))).toEqual(expected);
          expect(bytes.equals(before)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("reads a handshake byte by byte", async () => {
    const bytes = frame(TEXT, "x".repeat(4_000), true);
    expect(
      await read(
        "client",
        [...bytes].map((byte) => Buffer.of(byte)),
      ),
    ).toHaveLength(1);
  });

  it("never throws at garbage, and gives up once", async () => {
    await fc.assert(
      fc.asyncProperty(side, fc.array(fc.uint8Array({ maxLength: 200 })), async (from, chunks) => {
        const heard = await read(
          from,
          chunks.map((chunk) => Buffer.from(chunk)),
        );
        expect(heard.filter((line) => line.startsWith("unreadable")).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
  });
});
