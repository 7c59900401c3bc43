import { randomBytes } from "node:crypto";

export const TEXT = 0x1;
export const BINARY = 0x2;
const CLOSE = 0x8;

/** One final WebSocket frame (RFC 6455 section 5.2); with a mask as a client sends it, without as a gateway does. */
export function frame(opcode: number, payload: Buffer | string, masked: boolean): Buffer {
  const data = Buffer.from(payload);
  const length = data.length;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended);
  head[0] = 0x80 | opcode;
  head[1] = (masked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) head.writeUInt16BE(length, 2);
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, data]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, data.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
}

export function closeFrame(code: number, reason: string, masked: boolean): Buffer {
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
  payload.writeUInt16BE(code);
  return frame(CLOSE, payload, masked);
}
