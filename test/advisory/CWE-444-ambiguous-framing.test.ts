import { describe, expect, it } from "vitest";
import { exchange, startRecorder, statusesOf, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/** Requests that two parsers could read in different ways (RFC 9112 section 11.2) must not reach the gateway. */
const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: gateway\r\n\r\n";
const REQUEST = ["POST /seen HTTP/1.1", "Host: 127.0.0.1"];
const CHUNKED = "0\r\n\r\n";

const AMBIGUOUS: readonly (readonly [what: string, lines: readonly string[], body: string])[] = [
  [
    "Content-Length and Transfer-Encoding",
    [...REQUEST, "Content-Length: 5", "Transfer-Encoding: chunked"],
    CHUNKED,
  ],
  [
    "Transfer-Encoding and Content-Length",
    [...REQUEST, "Transfer-Encoding: chunked", "Content-Length: 5"],
    CHUNKED,
  ],
  ["two Content-Lengths", [...REQUEST, "Content-Length: 0", "Content-Length: 39"], HIDDEN],
  ["two equal Content-Lengths", [...REQUEST, "Content-Length: 39", "Content-Length: 39"], HIDDEN],
  ["a list as Content-Length", [...REQUEST, "Content-Length: 0, 39"], HIDDEN],
  ["a signed Content-Length", [...REQUEST, "Content-Length: +39"], HIDDEN],
  ["a hex Content-Length", [...REQUEST, "Content-Length: 0x27"], HIDDEN],
  ["a huge Content-Length", [...REQUEST, "Content-Length: 18446744073709551617"], HIDDEN],
  ["Transfer-Encoding: xchunked", [...REQUEST, "Transfer-Encoding: xchunked"], CHUNKED],
  ["Transfer-Encoding: chunked, identity", [...REQUEST, "Transfer-Encoding: chunked, identity"], CHUNKED],
  ["Transfer-Encoding: gzip, chunked", [...REQUEST, "Transfer-Encoding: gzip, chunked"], CHUNKED],
  ["chunked twice", [...REQUEST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], CHUNKED],
  ["a quoted chunked", [...REQUEST, 'Transfer-Encoding: "chunked"'], CHUNKED],
  ["a folded Transfer-Encoding", [...REQUEST, "Transfer-Encoding:", " chunked"], CHUNKED],
  ["a folded line that looks like a field", [...REQUEST, "X-A: 1", "\tX-Forwarded-For: 1"], ""],
  ["a space before the colon", [...REQUEST, "Transfer-Encoding : chunked"], CHUNKED],
  ["a bare LF after a field", [...REQUEST, "X-A: 1\nX-Forwarded-For: 1"], ""],
  ["a bare LF after the request line", ["GET /seen HTTP/1.1\nHost: 127.0.0.1"], ""],
  ["a bare CR in a field", [...REQUEST, "X-A: 1\rX-Forwarded-For: 1"], ""],
  ["a NUL in a field", [...REQUEST, "X-A: 1\0X-Forwarded-For: 1"], ""],
  ["a field without a name", [...REQUEST, ": chunked"], ""],
  ["a line without a colon", [...REQUEST, "X-A"], ""],
  ["a space in the target", ["GET /seen HTTP/1.1 HTTP/1.1", "Host: 127.0.0.1"], ""],
  ["HTTP/0.9", ["GET /seen", "Host: 127.0.0.1"], ""],
  ["HTTP/2.0", ["GET /seen HTTP/2.0", "Host: 127.0.0.1"], ""],
  ["HTTP/3.0", ["GET /seen HTTP/3.0", "Host: 127.0.0.1"], ""],
];

describe("an ambiguous request", () => {
  it.each(AMBIGUOUS)("with %s is a 400, and no byte reaches the gateway", async (_what, lines, body) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const response = await exchange(shim.port, lines, body);
    expect(statusOf(response)).toBe(400);
    expect(response).toContain('{"error":{"type":"malformed_request"');
    expect(statusesOf(response)).toHaveLength(1);
    expect(gateway.bytes()).toBe("");
  });

  it.each([
    ["a malformed chunk size", "zz\r\nhello\r\n0\r\n\r\n"],
    ["a chunk longer than its size", "2\r\nhello\r\n0\r\n\r\n"],
    ["a chunk size with a sign", "-5\r\nhello\r\n0\r\n\r\n"],
    ["a bare LF in a chunk size", `5\nhello\r\n0\r\n\r\n${HIDDEN}`],
  ])("with %s ends the connection, and no second request reaches the gateway", async (_what, body) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    await exchange(shim.port, [...REQUEST, "Transfer-Encoding: chunked"], body);
    expect(gateway.bytes()).not.toContain("/hidden");
    expect(gateway.requests()).toEqual([]);
  });
});
