import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyFraming, ResponseBody } from "../../src/upstream/refused-upgrade.ts";
import { readResponseHead } from "../../src/upstream/websocket-upgrade.ts";

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

/** Encodes a chunked body (RFC 9112 section 7.1) with extensions and trailers. */
function chunked(parts: readonly Buffer[], extension: string, trailer: string): Buffer {
  const chunks = parts.map((part) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}${extension}\r\n`), part, Buffer.from("\r\n")]),
  );
  return Buffer.concat([...chunks, Buffer.from(`0${extension}\r\n${trailer}\r\n`)]);
}

const part = fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes));
const cuts = fc.array(fc.nat(), { maxLength: 60 });

describe("ResponseBody", () => {
  it("finds the end of a chunked body, whatever the chunk sizes", () => {
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        cuts,
        fc.constantFrom("", ";name=value", ';q="a b"'),
        fc.constantFrom("", "Trailer: x\r\n", "A: 1\r\nB: 0\r\n"),
        fc.uint8Array({ maxLength: 20 }),
        (parts, where, extension, trailer, after) => {
          const content: Buffer[] = [];
          const body = new ResponseBody("chunked", (bytes) => content.push(Buffer.from(bytes)));
          const bytes = chunked(parts, extension, trailer);
          for (const piece of split(bytes.subarray(0, -1), where)) body.push(piece);
          expect(body.done).toBe(false);
          body.push(Buffer.concat([bytes.subarray(-1), after]));
          expect(body.done).toBe(true);
          expect(Buffer.concat(content).equals(Buffer.concat(parts))).toBe(true);
        },
      ),
    );
  });

  it("finds the end by Content-Length, whatever the chunk sizes", () => {
    fc.assert(
      fc.property(part, fc.uint8Array({ maxLength: 20 }), cuts, (bytes, after, where) => {
        const content: Buffer[] = [];
        const body = new ResponseBody(bytes.length, (piece) => content.push(piece));
        for (const piece of split(Buffer.concat([bytes, after]), where)) body.push(piece);
        expect(body.done).toBe(true);
        expect(Buffer.concat(content).equals(bytes)).toBe(true);
      }),
    );
  });

  it("never throws on arbitrary bytes, and reports no more content than received", () => {
    const framing = fc.constantFrom("chunked" as const, Infinity, 7);
    fc.assert(
      fc.property(framing, fc.array(fc.uint8Array()), (how, pieces) => {
        let length = 0;
        const body = new ResponseBody(how, (bytes) => (length += bytes.length));
        for (const piece of pieces) body.push(Buffer.from(piece));
        expect(length).toBeLessThanOrEqual(pieces.reduce((sum, piece) => sum + piece.length, 0));
      }),
    );
  });
});

describe("readResponseHead", () => {
  it.each([
    ["HTTP/1.1 403 Forbidden\r\nContent-Length: 12", 403, 12],
    ["HTTP/1.1 403\r\ncontent-length:\t7 ", 403, 7],
    ["HTTP/1.0 503 x", 503, Infinity],
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, chunked", 200, "chunked"],
    ["HTTP/1.1 204 No Content\r\nContent-Length: 3", 204, 0],
    ["HTTP/1.1 101 Switching Protocols", 101, 0],
  ])("reads %j", (head, status, framing) => {
    const bytes = Buffer.from(`${head}\r\n\r\nrest`);
    expect(readResponseHead(bytes)).toEqual({ status, size: bytes.length - 4 });
    expect(bodyFraming(head)).toBe(framing);
    for (let i = 0; i < bytes.length - 4; i += 1)
      expect(readResponseHead(bytes.subarray(0, i))).toBeUndefined();
  });

  it.each([
    "HTTP/2 200 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1  200",
    "SSH-2.0-x",
    "\x15\x03\x01",
  ])("rejects %j", (head) => expect(readResponseHead(Buffer.from(`${head}\r\n\r\n`))).toBe("malformed"));

  it("returns a result for arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const head = readResponseHead(Buffer.from(bytes));
        expect(head === undefined || head === "malformed" || head.size <= bytes.length).toBe(true);
      }),
    );
  });
});
