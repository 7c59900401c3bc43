/** A gateway's answer head; larger than Node's own limit is no HTTP. */
const HEAD_LIMIT = 16 * 1024;
const HEAD_END = "\r\n\r\n";

/** The head of an HTTP answer, as far as the relay must understand it. */
export interface AnswerHead {
  readonly status: number;
  /** How the body ends (RFC 9112 section 6.3). */
  readonly framing: { readonly length: number } | "chunked" | "until-close";
  /** Bytes of the head, blank line included. */
  readonly size: number;
}

/**
 * Reads the head of an answer from the bytes that came so far.
 *
 * @returns the head; undefined when more bytes are needed; `malformed` when it will never be one
 */
export function readAnswerHead(bytes: Buffer): AnswerHead | "malformed" | undefined {
  const end = bytes.indexOf(HEAD_END, 0, "latin1");
  if (end === -1) {
    const plausible = "HTTP/1.".startsWith(bytes.toString("latin1", 0, 7));
    return plausible && bytes.length <= HEAD_LIMIT ? undefined : "malformed";
  }
  if (end > HEAD_LIMIT) return "malformed";
  const head = bytes.toString("latin1", 0, end);
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r\n|$)/.exec(head)?.[1];
  if (status === undefined) return "malformed";
  return { status: Number(status), framing: bodyFraming(Number(status), head), size: end + HEAD_END.length };
}

function bodyFraming(status: number, head: string): AnswerHead["framing"] {
  if (status < 200 || status === 204 || status === 304) return { length: 0 };
  if (/\r\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*(?=\r\n|$)/i.test(head)) return "chunked";
  const length = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n|$)/i.exec(head)?.[1];
  return length === undefined ? "until-close" : { length: Number(length) };
}

/** A chunk's size line, extensions included, is short. */
const SIZE_LINE_LIMIT = 256;

/**
 * Finds the end of an answer's body, and its content, in bytes that pass by. It only watches: a body it cannot
 * read counts as one that lasts until the gateway closes.
 */
export class AnswerBody {
  #left: number;
  #line = "";
  #state: "content" | "size" | "trailer" | "done";
  readonly #chunked: boolean;
  readonly #onContent: (bytes: Buffer) => void;

  constructor(framing: AnswerHead["framing"], onContent: (bytes: Buffer) => void) {
    this.#chunked = framing === "chunked";
    this.#left = typeof framing === "object" ? framing.length : Infinity;
    this.#state = this.#chunked ? "size" : "content";
    if (this.#left === 0) this.#state = "done";
    this.#onContent = onContent;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#state !== "done") {
      at = this.#state === "content" ? this.#content(bytes, at) : this.#lineByte(bytes, at);
    }
  }

  #content(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#onContent(bytes.subarray(at, end));
    this.#left -= end - at;
    if (this.#left === 0) this.#state = this.#chunked ? "size" : "done";
    return end;
  }

  #lineByte(bytes: Buffer, at: number): number {
    const char = String.fromCharCode(bytes[at] ?? 0);
    if (char !== "\n") {
      if (this.#line.length < SIZE_LINE_LIMIT) this.#line += char;
      return at + 1;
    }
    const line = this.#line.trim();
    this.#line = "";
    if (this.#state === "trailer") {
      if (line === "") this.#state = "done";
    } else if (line !== "") {
      // The blank line is the end of the chunk before (RFC 9112 section 7.1).
      const size = /^[0-9a-f]+/i.exec(line)?.[0];
      this.#left = size === undefined ? Infinity : Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? "trailer" : "content";
    }
    return at + 1;
  }
}
