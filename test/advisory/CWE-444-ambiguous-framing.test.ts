import { describe, expect, it } from "vitest";
import { exchange, startRecorder, statusesOf, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/** What two readers of HTTP could understand in two ways (RFC 9112 section 11.2) goes no further than the shim. */
const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: gateway\r\n\r\n";
const HEAD = ["POST /seen HTTP/1.1", "Host: 127.0.0.1"];
const CHUNKED = "0\r\n\r\n";

const AMBIGUOUS: readonly (readonly [what: string, lines: readonly string[], body: string])[] = [
  [
    "Content-Length and Transfer-Encoding",
    [...HEAD, "Content-Length: 5", "Transfer-Encoding: chunked"],
    CHUNKED,
  ],
  [
    "Transfer-Encoding and Content-Length",
    [...HEAD, "Transfer-Encoding: chunked", "Content-Length: 5"],
    CHUNKED,
  ],
  ["two Content-Lengths", [...HEAD, "Content-Length: 0", "Content-Length: 39"], HIDDEN],
  ["two equal Content-Lengths", [...HEAD, "Content-Length: 39", "Content-Length: 39"], HIDDEN],
  ["a list as Content-Length", [...HEAD, "Content-Length: 0, 39"], HIDDEN],
  ["a signed Content-Length", [...HEAD, "Content-Length: +39"], HIDDEN],
  ["a hex Content-Length", [...HEAD, "Content-Length: 0x27"], HIDDEN],
  ["a huge Content-Length", [...HEAD, "Content-Length: 18446744073709551617"], HIDDEN],
  ["Transfer-Encoding: xchunked", [...HEAD, "Transfer-Encoding: xchunked"], CHUNKED],
  ["Transfer-Encoding: chunked, identity", [...HEAD, "Transfer-Encoding: chunked, identity"], CHUNKED],
  ["Transfer-Encoding: gzip, chunked", [...HEAD, "Transfer-Encoding: gzip, chunked"], CHUNKED],
  ["chunked twice", [...HEAD, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], CHUNKED],
  ["a quoted chunked", [...HEAD, 'Transfer-Encoding: "chunked"'], CHUNKED],
  ["a folded Transfer-Encoding", [...HEAD, "Transfer-Encoding:", " chunked"], CHUNKED],
  ["a folded line that looks like a field", [...HEAD, "X-A: 1", "\tX-Forwarded-For: 1"], ""],
  ["a space before the colon", [...HEAD, "Transfer-Encoding : chunked"], CHUNKED],
  ["a bare LF after a field", [...HEAD, "X-A: 1\nX-Forwarded-For: 1"], ""],
  ["a bare LF after the request line", ["GET /seen HTTP/1.1\nHost: 127.0.0.1"], ""],
  ["a bare CR in a field", [...HEAD, "X-A: 1\rX-Forwarded-For: 1"], ""],
  ["a NUL in a field", [...HEAD, "X-A: 1\0X-Forwarded-For: 1"], ""],
  ["a field without a name", [...HEAD, ": chunked"], ""],
  ["a line without a colon", [...HEAD, "X-A"], ""],
  ["a space in the target", ["GET /seen HTTP/1.1 HTTP/1.1", "Host: 127.0.0.1"], ""],
  ["HTTP/0.9", ["GET /seen", "Host: 127.0.0.1"], ""],
  ["HTTP/2.0", ["GET /seen HTTP/2.0", "Host: 127.0.0.1"], ""],
  ["HTTP/3.0", ["GET /seen HTTP/3.0", "Host: 127.0.0.1"], ""],
];

describe("a request that two readers could understand in two ways", () => {
  it.each(AMBIGUOUS)("%s: 400, and the gateway sees no byte", async (_what, lines, body) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const answer = await exchange(shim.port, lines, body);
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain('{"error":{"type":"malformed_request"');
    expect(statusesOf(answer)).toHaveLength(1);
    expect(gateway.bytes()).toBe("");
  });

  it.each([
    ["a chunk size that is none", "zz\r\nhello\r\n0\r\n\r\n"],
    ["a chunk longer than its size", "2\r\nhello\r\n0\r\n\r\n"],
    ["a chunk size with a sign", "-5\r\nhello\r\n0\r\n\r\n"],
    ["a bare LF in a chunk size", `5\nhello\r\n0\r\n\r\n${HIDDEN}`],
  ])("%s: the connection breaks, and no second request gets through", async (_what, body) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    await exchange(shim.port, [...HEAD, "Transfer-Encoding: chunked"], body);
    expect(gateway.bytes()).not.toContain("/hidden");
    expect(gateway.requests()).toEqual([]);
  });
});
