import type { Side } from "../upstream/splice.ts";

/** The head of one WebSocket frame (RFC 6455 section 5.2). */
export interface FrameHead {
  readonly fin: boolean;
  readonly opcode: number;
  /** Bytes of the payload. */
  readonly length: number;
  /** Bytes of the head, mask included. */
  readonly size: number;
}

/** Why bytes are no frame that may come here: the code that ws has for it. */
export type FrameFault = `WS_ERR_${string}`;

const MASK_BYTES = 4;
/** The upper half of `Number.MAX_SAFE_INTEGER`: a number cannot hold more. */
const MAX_HIGH_LENGTH = 2 ** 21 - 1;

/**
 * Reads the head of the frame that `bytes` begins with.
 *
 * @param inMessage whether a message has begun and is not whole yet
 * @returns the head; or how many bytes there must be before more can be said; or what is wrong
 */
export function readFrameHead(
  bytes: Buffer,
  from: Side,
  inMessage: boolean,
): FrameHead | number | FrameFault {
  const [first = 0, second = 0] = bytes;
  const fin = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  const short = second & 0x7f;
  const fault =
    reservedBits(first) ?? misplaced(opcode, fin, short, inMessage) ?? masking((second & 0x80) !== 0, from);
  if (fault !== undefined) return fault;

  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const size = 2 + lengthBytes;
  if (bytes.length < size) return size;
  if (lengthBytes === 8 && bytes.readUInt32BE(2) > MAX_HIGH_LENGTH) {
    return "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH";
  }
  const length = lengthBytes === 0 ? short : longLength(bytes, lengthBytes);
  return { fin, opcode, length, size: from === "client" ? size + MASK_BYTES : size };
}

/** Whether `readFrameHead` found something wrong. */
export function isFrameFault(head: FrameHead | number | FrameFault): head is FrameFault {
  return typeof head === "string";
}

/** No extension is negotiated that would use them. */
function reservedBits(first: number): FrameFault | undefined {
  if ((first & 0x30) !== 0) return "WS_ERR_UNEXPECTED_RSV_2_3";
  return (first & 0x40) === 0 ? undefined : "WS_ERR_UNEXPECTED_RSV_1";
}

/** Fragments follow one another, and control frames, which may come between them, are short and whole. */
function misplaced(opcode: number, fin: boolean, length: number, inMessage: boolean): FrameFault | undefined {
  if (opcode <= 0x2) return (opcode === 0) === inMessage ? undefined : "WS_ERR_INVALID_OPCODE";
  if (opcode < 0x8 || opcode > 0xa) return "WS_ERR_INVALID_OPCODE";
  if (!fin) return "WS_ERR_EXPECTED_FIN";
  const possible = length <= 125 && !(opcode === 0x8 && length === 1);
  return possible ? undefined : "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH";
}

function masking(masked: boolean, from: Side): FrameFault | undefined {
  if (from === "client") return masked ? undefined : "WS_ERR_EXPECTED_MASK";
  return masked ? "WS_ERR_UNEXPECTED_MASK" : undefined;
}

function longLength(bytes: Buffer, lengthBytes: 2 | 8): number {
  if (lengthBytes === 2) return bytes.readUInt16BE(2);
  return bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6);
}
