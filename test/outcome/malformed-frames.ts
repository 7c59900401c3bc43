import * as fc from "fast-check";
import { Receiver } from "ws";

/** Generates frames with any opcode, flags, mask bit and length encoding, often malformed. */
export const malformedFrame = fc
  .record({
    // Half have a valid first byte; otherwise few would be read further.
    first: fc.oneof(fc.constantFrom(0x01, 0x02, 0x00, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a), fc.nat(255)),
    maskBit: fc.constantFrom("right", "right", "right", "wrong"),
    form: fc.constantFrom("short", "short", 126, 127),
    high: fc.constantFrom(0, 0, 0, 1, 0x1f_ffff, 0x20_0000),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 130 }),
      fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => Buffer.from(text)),
      fc.constantFrom(0, 999, 1000, 1004, 1005, 1006, 1014, 1015, 2999, 3000, 4999, 5000).map(closePayload),
      fc.constantFrom(65_536, 65_537, 40_000).map((size) => Buffer.alloc(size, "a")),
    ),
  })
  .map((parts) => (from: Side) => encode(from, parts));

export type Side = "client" | "gateway";

function closePayload(code: number): Buffer {
  const payload = Buffer.from("..why");
  payload.writeUInt16BE(code);
  return payload;
}

function encode(
  from: Side,
  parts: { first: number; maskBit: string; form: string | number; high: number; payload: Uint8Array },
): Buffer {
  const { first, form, high } = parts;
  const masked = (from === "client") === (parts.maskBit === "right");
  const { length } = parts.payload;
  const code = form === 127 || length > 65_535 ? 127 : form === 126 || length > 125 ? 126 : length;
  const header = Buffer.from([first, (masked ? 0x80 : 0) | code, ...Array.from({ length: 8 }, () => 0)]);
  if (code === 126) header.writeUInt16BE(length, 2);
  if (code === 127) {
    header.writeUInt32BE(high, 2);
    header.writeUInt32BE(length, 6);
  }
  const size = code === 127 ? 10 : code === 126 ? 4 : 2;
  const mask = Buffer.from([0x5a, 0x00, 0xff, 0x13]);
  const payload = Buffer.from(parts.payload).map((byte, i) => (masked ? byte ^ (mask[i % 4] ?? 0) : byte));
  return Buffer.concat([header.subarray(0, size), ...(masked ? [mask] : []), payload]);
}

/** Returns the events of the `Receiver` of ws for these chunks, with the same limits. */
export async function readWithWs(from: Side, chunks: readonly Buffer[]): Promise<string[]> {
  const events: string[] = [];
  const receiver = new Receiver({
    isServer: from === "client",
    maxPayload: from === "client" ? 64 * 1024 : 4 * 1024 * 1024,
    maxFragments: 1024,
    maxBufferedChunks: 16 * 1024,
  });
  receiver.on("message", (data: Buffer, isBinary: boolean) => {
    events.push(`${isBinary ? "binary" : "text"} ${data.toString("base64")}`);
  });
  receiver.on("conclude", (code: number, reason: Buffer) => {
    events.push(`close ${code} ${reason.toString("utf8")}`);
  });
  receiver.on("error", (error: NodeJS.ErrnoException) => events.push(`unreadable ${error.code ?? ""}`));
  // Copied: the receiver unmasks in place.
  for (const chunk of chunks) if (!receiver.writableEnded) receiver.write(Buffer.from(chunk));
  await new Promise((resolve) => setImmediate(resolve));
  return events;
}
