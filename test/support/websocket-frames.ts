import { randomBytes } from "node:crypto";

export const TEXT = 0x1;
export const BINARY = 0x2;
const CLOSE = 0x8;

/** Returns one final WebSocket frame (RFC 6455 section 5.2). Clients' frames are masked, a gateway's are not. */
export function frame(opcode: number, payload: Buffer | string, masked: boolean): Buffer {
  const data = Buffer.from(payload);
  const length = data.length;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended);
  header[0] = 0x80 | opcode;
  header[1] = (masked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([header, data]);
  const mask = randomBytes(4);
  return Buffer.concat([header, mask, data.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
}

/** Returns a close frame (RFC 6455 section 5.5.1). */
export function closeFrame(code: number, reason: string, masked: boolean): Buffer {
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
  payload.writeUInt16BE(code);
  return frame(CLOSE, payload, masked);
}
