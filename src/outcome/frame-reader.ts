import { isUtf8 } from "node:buffer";
import { ByteStore, type ByteBudget } from "../net/byte-store.ts";
import type { Side } from "../upstream/splice.ts";

// The gateway takes at most 64 KiB before the handshake is over; its hello-ok carries a whole snapshot.
const MESSAGE_LIMIT = { client: 64 * 1024, gateway: 4 * 1024 * 1024 } as const;
const FRAGMENT_LIMIT = 1024;

const BINARY = 0x2;
const CLOSE = 0x8;
const MIN_HEADER_BYTES = 2;
const MASK_BYTES = 4;

/** Receives the frames of one direction. */
export interface FrameListener {
  onMessage(data: Buffer, isBinary: boolean): void;
  /** A close frame; code 1005 if it carries none (RFC 6455 section 7.4.1). */
  onClose(code: number, reason: string): void;
  /** The bytes are not valid frames, or a message is too large for a handshake. Nothing follows. */
  onUnreadable(why: string): void;
}

/** The header of one WebSocket frame (RFC 6455 section 5.2). */
interface FrameHeader {
  readonly fin: boolean;
  readonly opcode: number;
  /** Bytes of the payload. */
  readonly length: number;
  /** Bytes of the header, with the mask. */
  readonly size: number;
}

/** An error code of ws. */
type FrameError = `WS_ERR_${string}`;

/**
 * Reads the WebSocket frames of one direction from a copy of the stream (RFC 6455 section 5: a client masks, a gateway
 * does not). It reports what the `Receiver` of ws does, with its codes (test/outcome/frame-reader.test.ts compares them), but
 * it is not a stream: with two streams for each handshake an upgrade costs 7 % more CPU (bench/README.md). It stores
 * incomplete frames and messages only, and at most the bytes of one message of the limit, however they arrive.
 */
export class FrameReader {
  readonly #from: Side;
  readonly #listener: FrameListener;
  #reading = true;
  /** Bytes received after the last frame that was read. */
  #unread = 0;
  /** The start of an incomplete frame. */
  readonly #frame: ByteStore;
  /** Bytes of the current frame without which nothing more of it can be read. */
  #needed = MIN_HEADER_BYTES;
  /** Opcode of the incomplete message; 0 if there is none. */
  #opcode = 0;
  /** Number of the fragments of the incomplete message, and their payload. */
  #fragments = 0;
  readonly #message: ByteStore;

  /** @param budget for what is stored; what has no room in it cannot be read */
  constructor(from: Side, listener: FrameListener, budget?: ByteBudget) {
    this.#from = from;
    this.#listener = listener;
    this.#frame = new ByteStore(budget);
    this.#message = new ByteStore(budget);
  }

  /** Reads the next bytes of the direction; never changes them, never throws. */
  push(chunk: Buffer): void {
    if (!this.#reading) return;
    this.#unread += chunk.length;
    let rest = chunk;
    while (this.#reading && rest.length > 0) rest = rest.subarray(this.#read(rest));
  }

  /** True if no frame is incomplete, and no byte was received after the last one that was read. */
  get isBetweenFrames(): boolean {
    return this.#unread === 0;
  }

  /** Releases what was stored, and calls the listener no more. */
  stop(): void {
    this.#reading = false;
    this.#frame.clear();
    this.#message.clear();
  }

  /** Reads the frame that continues or begins with these bytes. Returns how many of them belong to it. */
  #read(bytes: Buffer): number {
    const whole = this.#frame.length === 0 ? this.#readFrame(bytes) : 0;
    if (whole > 0 || !this.#reading) return whole;
    const part = bytes.subarray(0, this.#needed - this.#frame.length);
    if (!this.#frame.append(part, this.#needed)) this.#fail("WS_ERR_TOO_MANY_BUFFERED_PARTS");
    else if (this.#readFrame(this.#frame.bytes) > 0) this.#frame.clear();
    return part.length;
  }

  /** Reads the frame at the start of `bytes` and returns its size; 0 if it is not complete or not valid. */
  #readFrame(bytes: Buffer): number {
    if (bytes.length < this.#needed) return 0;
    const header = readHeader(bytes, this.#from, this.#opcode !== 0);
    if (typeof header === "string") return this.#fail(header);
    if (typeof header === "number") {
      this.#needed = header;
      return 0;
    }
    if (header.opcode < CLOSE && this.#message.length + header.length > MESSAGE_LIMIT[this.#from]) {
      return this.#fail("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH");
    }
    const end = header.size + header.length;
    this.#needed = end;
    if (bytes.length < end) return 0;

    const payload = payloadOf(bytes, header, this.#from);
    this.#unread -= end;
    this.#needed = MIN_HEADER_BYTES;
    if (header.opcode === CLOSE) this.#onClose(payload);
    else if (header.opcode < CLOSE) this.#onFragment(header, payload);
    return end;
  }

  #onFragment({ fin, opcode }: FrameHeader, payload: Buffer): void {
    const isBinary = (this.#opcode || opcode) === BINARY;
    const isWhole = fin && this.#opcode === 0;
    if (isWhole) return this.#onMessage(payload, isBinary);
    if (this.#opcode === 0) this.#opcode = opcode;
    this.#fragments += 1;
    if (this.#fragments > FRAGMENT_LIMIT || !this.#message.append(payload, MESSAGE_LIMIT[this.#from])) {
      return void this.#fail("WS_ERR_TOO_MANY_BUFFERED_PARTS");
    }
    if (!fin) return;
    const data = this.#message.bytes;
    this.#opcode = 0;
    this.#fragments = 0;
    this.#message.clear();
    this.#onMessage(data, isBinary);
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary || isUtf8(data)) this.#listener.onMessage(data, isBinary);
    else this.#fail("WS_ERR_INVALID_UTF8");
  }

  #onClose(payload: Buffer): void {
    const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
    const reason = payload.subarray(2);
    if (payload.length > 0 && !isCloseCode(code)) return void this.#fail("WS_ERR_INVALID_CLOSE_CODE");
    if (!isUtf8(reason)) return void this.#fail("WS_ERR_INVALID_UTF8");
    this.stop();
    this.#listener.onClose(code, reason.toString("utf8"));
  }

  /** Returns the 0 bytes that were read. */
  #fail(why: FrameError): 0 {
    this.stop();
    this.#listener.onUnreadable(why);
    return 0;
  }
}

/**
 * Reads the header of the frame that `bytes` begins with.
 *
 * @param inMessage true if a message has begun and is not complete
 * @returns the header; the number of bytes needed to read on; or an error
 */
function readHeader(bytes: Buffer, from: Side, inMessage: boolean): FrameHeader | number | FrameError {
  const [first = 0, second = 0] = bytes;
  const fin = (first & 0x80) !== 0;
  const opcode = first & 0x0f;
  const isMasked = (second & 0x80) !== 0;
  const short = second & 0x7f;
  // No extension is negotiated that would use the reserved bits.
  if ((first & 0x30) !== 0) return "WS_ERR_UNEXPECTED_RSV_2_3";
  if ((first & 0x40) !== 0) return "WS_ERR_UNEXPECTED_RSV_1";
  const misplaced = checkOpcode(opcode, fin, short, inMessage);
  if (misplaced) return misplaced;
  if (from === "client" && !isMasked) return "WS_ERR_EXPECTED_MASK";
  if (from === "gateway" && isMasked) return "WS_ERR_UNEXPECTED_MASK";

  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const size = 2 + lengthBytes;
  if (bytes.length < size) return size;
  let length = short;
  if (lengthBytes === 2) length = bytes.readUInt16BE(2);
  if (lengthBytes === 8) length = Number(bytes.readBigUInt64BE(2));
  if (length > Number.MAX_SAFE_INTEGER) return "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH";
  return { fin, opcode, length, size: isMasked ? size + MASK_BYTES : size };
}

/** Checks that fragments follow each other, and that control frames, which may come between, are short and whole. */
function checkOpcode(
  opcode: number,
  fin: boolean,
  length: number,
  inMessage: boolean,
): FrameError | undefined {
  if (opcode <= BINARY) return (opcode === 0) === inMessage ? undefined : "WS_ERR_INVALID_OPCODE";
  if (opcode < CLOSE || opcode > 0xa) return "WS_ERR_INVALID_OPCODE";
  if (!fin) return "WS_ERR_EXPECTED_FIN";
  const isPossible = length <= 125 && !(opcode === CLOSE && length === 1);
  return isPossible ? undefined : "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH";
}

/** Returns a frame's payload. A client's is unmasked in a copy: the bytes themselves are still to be relayed. */
function payloadOf(bytes: Buffer, { size, length }: FrameHeader, from: Side): Buffer {
  const received = bytes.subarray(size, size + length);
  if (from === "gateway") return received;
  const mask = bytes.subarray(size - MASK_BYTES, size);
  const payload = Buffer.from(received);
  for (let i = 0; i < length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return payload;
}

/** Returns true for the codes that may be sent (RFC 6455 section 7.4; 1012 to 1014 from IANA's registry). */
function isCloseCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  );
}
