import { describe, expect, it } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * Since Node 26, `upgrade` and `connect` are emitted with a stream that is not a `net.Socket` until the request's body
 * has arrived. A call of `setTimeout` or `remoteAddress` threw, and one request ended the process.
 */
const BODY_STARTS = "Content-Length: 100000";

describe("an upgrade with an incomplete body", () => {
  it.each([
    ["a WebSocket", upgradeRequest([BODY_STARTS]), 400, "malformed_request"],
    ["a chunked WebSocket", upgradeRequest(["Transfer-Encoding: chunked"]), 400, "malformed_request"],
    [
      "h2c",
      `POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n${BODY_STARTS}\r\n\r\n`,
      426,
      "upgrade_not_websocket",
    ],
    ["CONNECT", `CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n${BODY_STARTS}\r\n\r\n`, 405, "method_connect"],
  ])("is refused, and the shim keeps running: %s", async (_what, request, status, type) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    for (const body of ["", "x".repeat(50_000)]) {
      const response = await rawClient(shim.port, request + body).closed();
      expect([statusOf(response), errorOf(response).type]).toEqual([status, type]);
    }
    const next = await exchange(shim.port, ["GET / HTTP/1.1", "Host: localhost", "Connection: close"]);
    expect(statusOf(next)).toBe(200);
    expect(gateway.requests()).toHaveLength(1);
  });
});
