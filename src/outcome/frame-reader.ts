import { isUtf8 } from "node:buffer";
import type { Side } from "../upstream/splice.ts";
import { isFrameFault, readFrameHead, type FrameHead } from "./frame-head.ts";

// The gateway takes at most 64 KiB before the handshake is over; its hello-ok carries a whole snapshot.
const MESSAGE_LIMIT = { client: 64 * 1024, gateway: 4 * 1024 * 1024 } as const;
const FRAGMENT_LIMIT = 1024;
const CHUNK_LIMIT = 16 * 1024;

const BINARY = 0x2;
const CLOSE = 0x8;
/** The shortest head of a frame. */
const HEAD_BYTES = 2;
const NOTHING: Buffer = Buffer.alloc(0);

/** Hears the frames of one direction. */
export interface FrameListener {
  onMessage(data: Buffer, isBinary: boolean): void;
  /** A close frame; 1005 where it carries no code (RFC 6455 section 7.4.1). */
  onClose(code: number, reason: string): void;
  /** These bytes are no readable frames, or a message is too large to be a handshake's. Nothing follows. */
  onUnreadable(why: string): void;
}

/**
 * Reads the WebSocket frames of one direction beside the stream (RFC 6455 section 5: a client masks, a gateway does
 * not). It says what the `Receiver` of ws says, in its words (test/outcome/frame-reader.test.ts holds the two together), but
 * is no stream: two streams for each handshake cost as much as all the rest of reading it (bench/README.md).
 */
export class FrameReader {
  readonly #from: Side;
  readonly #listener: FrameListener;
  #reading = true;
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** As long as fewer bytes are there, nothing can be said of them. */
  #needed = HEAD_BYTES;
  /** The message that is not whole yet: the opcode it began with, 0 where there is none. */
  #opcode = 0;
  #fragments: Buffer[] = [];
  #messageBytes = 0;

  constructor(from: Side, listener: FrameListener) {
    this.#from = from;
    this.#listener = listener;
  }

  /** Takes the next bytes of the direction; never changes them, never throws. */
  push(chunk: Buffer): void {
    if (!this.#reading) return;
    if (this.#chunks.length >= CHUNK_LIMIT) {
      this.#giveUp("WS_ERR_TOO_MANY_BUFFERED_PARTS");
      return;
    }
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#reading && this.#buffered >= this.#needed) this.#readFrame();
  }

  /** Forgets what was buffered and calls nobody any more. */
  stop(): void {
    this.#reading = false;
    this.#chunks = [];
    this.#fragments = [];
  }

  #readFrame(): void {
    const [first = NOTHING] = this.#chunks;
    const bytes = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#buffered);
    this.#chunks = [bytes];
    const head = readFrameHead(bytes, this.#from, this.#opcode !== 0);
    if (isFrameFault(head)) return this.#giveUp(head);
    if (typeof head === "number") {
      this.#needed = head;
      return;
    }
    if (head.opcode < CLOSE && this.#messageBytes + head.length > MESSAGE_LIMIT[this.#from]) {
      return this.#giveUp("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH");
    }
    const end = head.size + head.length;
    this.#needed = end;
    if (bytes.length < end) return;

    const payload = payloadOf(bytes, head, this.#from);
    this.#buffered -= end;
    this.#chunks = this.#buffered === 0 ? [] : [bytes.subarray(end)];
    this.#needed = HEAD_BYTES;
    if (head.opcode === CLOSE) this.#onClose(payload);
    else if (head.opcode < CLOSE) this.#onFragment(head, payload);
  }

  #onFragment({ fin, opcode }: FrameHead, payload: Buffer): void {
    if (this.#opcode === 0) this.#opcode = opcode;
    this.#messageBytes += payload.length;
    this.#fragments.push(payload);
    if (this.#fragments.length > FRAGMENT_LIMIT) return this.#giveUp("WS_ERR_TOO_MANY_BUFFERED_PARTS");
    if (!fin) return;
    const data = this.#fragments.length === 1 ? payload : Buffer.concat(this.#fragments, this.#messageBytes);
    const isBinary = this.#opcode === BINARY;
    this.#opcode = 0;
    this.#fragments = [];
    this.#messageBytes = 0;
    if (isBinary || isUtf8(data)) this.#listener.onMessage(data, isBinary);
    else this.#giveUp("WS_ERR_INVALID_UTF8");
  }

  #onClose(payload: Buffer): void {
    const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
    const reason = payload.subarray(2);
    if (payload.length > 0 && !isCloseCode(code)) this.#giveUp("WS_ERR_INVALID_CLOSE_CODE");
    else if (!isUtf8(reason)) this.#giveUp("WS_ERR_INVALID_UTF8");
    else {
      this.stop();
      this.#listener.onClose(code, reason.toString("utf8"));
    }
  }

  #giveUp(why: string): void {
    this.stop();
    this.#listener.onUnreadable(why);
  }
}

/** A client's payload is unmasked in a copy: the bytes themselves are still to go to the gateway. */
function payloadOf(bytes: Buffer, { size, length }: FrameHead, from: Side): Buffer {
  const received = bytes.subarray(size, size + length);
  if (from === "gateway") return received;
  const mask = bytes.subarray(size - 4, size);
  const payload = Buffer.from(received);
  for (let i = 0; i < length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return payload;
}

/** Codes that may be sent (RFC 6455 section 7.4; 1012 to 1014 from IANA's registry). */
function isCloseCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  );
}
