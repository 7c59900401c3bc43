import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../src/net/byte-store.ts";
import { FrameReader, type FrameListener } from "../../src/outcome/frame-reader.ts";
import { BINARY, closeFrame, frame, TEXT } from "../support/websocket-frames.ts";
import { readWithWs, malformedFrame, type Side } from "./malformed-frames.ts";

const PING = 0x9;
const side = fc.constantFrom("client" as const, "gateway" as const);
const message = fc.oneof(
  fc.record({ opcode: fc.constant(TEXT), payload: fc.string({ unit: "grapheme", maxLength: 300 }) }),
  fc.record({ opcode: fc.constant(BINARY), payload: fc.string({ maxLength: 70_000, size: "max" }) }),
  fc.record({ opcode: fc.constant(PING), payload: fc.string({ unit: "grapheme-ascii", maxLength: 125 }) }),
);

const IGNORE: FrameListener = { onMessage: () => {}, onClose: () => {}, onUnreadable: () => {} };

setFlagsFromString("--expose-gc");

/** Returns the memory in use after a garbage collection, in bytes. */
function memoryUsed(): number {
  runInNewContext("gc()");
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Returns the callbacks of a `FrameReader` for these chunks. */
function read(from: Side, chunks: readonly Buffer[]): string[] {
  const calls: string[] = [];
  const reader = new FrameReader(from, {
    onMessage: (data, isBinary) => calls.push(`${isBinary ? "binary" : "text"} ${data.toString("base64")}`),
    onClose: (code, reason) => {
      calls.push(`close ${code} ${reason}`);
      reader.stop();
    },
    onUnreadable: (code) => calls.push(`unreadable ${code}`),
  });
  for (const chunk of chunks) reader.push(chunk);
  return calls;
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

describe("the frame reader", () => {
  it("reads the same messages and close for any chunk sizes, and does not change the bytes", () => {
    fc.assert(
      fc.property(
        side,
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (from, messages, cuts) => {
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
          expect(read(from, split(bytes, cuts))).toEqual(expected);
          expect(bytes.equals(before)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("reports the same as the Receiver of ws, for valid and malformed frames and any chunk sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        side,
        fc.array(malformedFrame, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        async (from, frames, cuts) => {
          const bytes = Buffer.concat(frames.map((make) => make(from)));
          const before = Buffer.from(bytes);
          const chunks = split(bytes, cuts);
          expect(read(from, chunks)).toEqual(await readWithWs(from, chunks));
          expect(bytes.equals(before)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(["client", "gateway"] as const)(
    "limits messages and fragments of the %s as ws does",
    async (from) => {
      const masked = from === "client";
      const limit = masked ? 64 * 1024 : 4 * 1024 * 1024;
      const fragment = frame(TEXT, "", masked);
      fragment[0] = 0x01;
      const more = Buffer.from(fragment);
      more[0] = 0x00;
      const streams = [
        [frame(TEXT, "x".repeat(limit), masked)],
        [frame(TEXT, "x".repeat(limit + 1), masked)],
        [Buffer.concat([fragment, ...Array.from({ length: 1023 }, () => more)])],
        [Buffer.concat([fragment, ...Array.from({ length: 1024 }, () => more)])],
      ];
      for (const chunks of streams) expect(read(from, chunks)).toEqual(await readWithWs(from, chunks));
    },
  );

  it("reads a handshake byte by byte", () => {
    const bytes = frame(TEXT, "x".repeat(20_000), true);
    expect(
      read(
        "client",
        [...bytes].map((byte) => Buffer.of(byte)),
      ),
    ).toHaveLength(1);
  });

  it.each(["client", "gateway"] as const)(
    "stores little more than the bytes of 110 incomplete messages of a %s, sent byte by byte",
    async (from) => {
      const sent = 15 * 1024;
      const whole = frame(TEXT, "x".repeat(20_000), from === "client").subarray(0, sent);
      const fragments = Array.from({ length: 1_000 }, (_, i) => {
        const fragment = frame(TEXT, "x".repeat(9), from === "client");
        fragment[0] = i === 0 ? 0x01 : 0x00;
        return fragment;
      });
      // Each byte is a slice of a larger buffer, as those of sockets are that read much at once.
      for (const bytes of [whole, Buffer.concat(fragments)]) {
        const before = memoryUsed();
        const readers = Array.from({ length: 110 }, () => new FrameReader(from, IGNORE));
        for (const byte of bytes) {
          const chunk = Buffer.alloc(8_192, byte).subarray(0, 1);
          for (const reader of readers) reader.push(chunk);
        }
        // Released memory is freed a little later.
        await expect.poll(() => memoryUsed() - before, { timeout: 8_000 }).toBeLessThan(110 * 2 * sent);
        for (const reader of readers) reader.stop();
      }
    },
  );

  it("shares a budget among readers, and reads on when it is released", () => {
    const budget = new ByteBudget(100_000);
    const calls: string[] = [];
    const listener = { ...IGNORE, onUnreadable: (code: string) => calls.push(code) };
    const start = (): FrameReader => {
      const reader = new FrameReader("gateway", listener, budget);
      reader.push(frame(TEXT, "x".repeat(70_000), false).subarray(0, 60_000));
      return reader;
    };
    const first = start();
    const second = start();
    expect(calls).toEqual(["WS_ERR_TOO_MANY_BUFFERED_PARTS"]);
    first.stop();
    second.stop();
    start();
    expect(calls).toHaveLength(1);
  });

  it("never throws on arbitrary bytes, and reports them as unreadable at most once", () => {
    fc.assert(
      fc.property(side, fc.array(fc.uint8Array({ maxLength: 200 })), (from, chunks) => {
        const calls = read(
          from,
          chunks.map((chunk) => Buffer.from(chunk)),
        );
        expect(calls.filter((line) => line.startsWith("unreadable")).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
  });
});
