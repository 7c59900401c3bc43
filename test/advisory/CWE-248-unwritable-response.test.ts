import { describe, expect, it } from "vitest";
import { errorOf, exchange, OK, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * Node's HTTP client accepts responses that its server throws an exception for: a server on the gateway's port could
 * have ended the process. Found by tests of this shim.
 */
const GET = ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: close"];

describe("a gateway's response that cannot be forwarded", () => {
  it.each([
    [
      "a control in the reason",
      "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n",
      "gateway_response_malformed",
    ],
    ["a status below 100", "HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok", "gateway_response_malformed"],
    [
      "a 101 to a plain request",
      "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
      "gateway_response_malformed",
    ],
    ["bytes that are not HTTP", "SSH-2.0-OpenSSH_9.7\r\n\r\n", "gateway_unreachable"],
    [
      "ambiguous framing",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
      "gateway_unreachable",
    ],
  ])("%s: 502, and the next request is served", async (_what, bad, type) => {
    let current = bad;
    const gateway = await startRecorder(() => current);
    const shim = await openShimFor(gateway);
    const refused = await exchange(shim.port, GET);
    expect([statusOf(refused), errorOf(refused).type]).toEqual([502, type]);
    current = OK;
    expect(statusOf(await exchange(shim.port, GET))).toBe(200);
  });

  it.each([
    ["an empty reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200],
    ["an unknown status", "HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n", 799],
    [
      "interim responses before it",
      "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
      204,
    ],
  ])("does not include %s", async (_what, response, status) => {
    const shim = await openShimFor(await startRecorder(() => response));
    expect(statusOf(await exchange(shim.port, GET))).toBe(status);
  });
});
