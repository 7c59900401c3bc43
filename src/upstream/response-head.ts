/** Node's own limit. */
const HEAD_LIMIT = 16 * 1024;
const HEAD_END = "\r\n\r\n";

/** The head of an HTTP response, as far as the relay must understand it. */
export interface ResponseHead {
  readonly status: number;
  /** How the body ends (RFC 9112 section 6.3). */
  readonly framing: { readonly length: number } | "chunked" | "until-close";
  /** Bytes of the head, with the blank line. */
  readonly size: number;
}

/**
 * Parses the head of a response from the bytes received so far.
 *
 * @returns the head; undefined if more bytes are needed; `malformed` if it can never be one
 */
export function readResponseHead(bytes: Buffer): ResponseHead | "malformed" | undefined {
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

function bodyFraming(status: number, head: string): ResponseHead["framing"] {
  if (status < 200 || status === 204 || status === 304) return { length: 0 };
  if (/\r\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*(?=\r\n|$)/i.test(head)) return "chunked";
  const length = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n|$)/i.exec(head)?.[1];
  return length === undefined ? "until-close" : { length: Number(length) };
}

/** A chunk's size line is short, extensions included. */
const SIZE_LINE_LIMIT = 256;

/**
 * Finds the content and the end of a response body in bytes that are relayed. It only observes: a body that it cannot
 * read counts as one that ends with the connection.
 */
export class ResponseBody {
  #remaining: number;
  #line = "";
  #state: "content" | "size" | "trailer" | "done";
  readonly #chunked: boolean;
  readonly #onContent: (bytes: Buffer) => void;

  constructor(framing: ResponseHead["framing"], onContent: (bytes: Buffer) => void) {
    this.#chunked = framing === "chunked";
    this.#remaining = typeof framing === "object" ? framing.length : Infinity;
    this.#state = this.#chunked ? "size" : "content";
    if (this.#remaining === 0) this.#state = "done";
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
    const end = Math.min(bytes.length, at + this.#remaining);
    this.#onContent(bytes.subarray(at, end));
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#state = this.#chunked ? "size" : "done";
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
      // An empty line ends the previous chunk (RFC 9112 section 7.1).
      const size = /^[0-9a-f]+/i.exec(line)?.[0];
      this.#remaining = size === undefined ? Infinity : Number.parseInt(size, 16);
      this.#state = this.#remaining === 0 ? "trailer" : "content";
    }
    return at + 1;
  }
}
