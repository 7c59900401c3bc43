import { describe, expect, it } from "vitest";
import { errorOf, exchange, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const WEBSOCKET = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: x",
];
const HOST = "Host: 127.0.0.1";

/** Raw request lines that the gate refuses, with the response's status and error type. */
const REFUSALS: readonly (readonly [what: string, lines: readonly string[], status: number, type: string])[] =
  [
    ["a foreign Host", ["GET / HTTP/1.1", "Host: evil.example"], 421, "host_not_allowed"],
    ["a malformed Origin", ["POST / HTTP/1.1", HOST, "Origin: evil"], 403, "origin_malformed"],
    ["two Origins", ["GET / HTTP/1.1", HOST, "Origin: null", "Origin: null"], 400, "malformed_request"],
    [
      "a loopback Origin, forwarded",
      ["GET / HTTP/1.1", HOST, "Origin: http://localhost:1", "Via: 1.1 a"],
      403,
      "origin_not_allowed",
    ],
    ["CONNECT", ["CONNECT example.com:443 HTTP/1.1", "Host: example.com:443"], 405, "method_connect"],
    ["OPTIONS *", ["OPTIONS * HTTP/1.1", HOST], 400, "malformed_request"],
    ["an absolute target", ["GET http://127.0.0.1/ HTTP/1.1", HOST], 400, "malformed_request"],
    ["bytes that are not HTTP", ["\x16\x03\x01 TLS"], 400, "malformed_request"],
    [
      "an upgrade to h2c",
      [
        "GET / HTTP/1.1",
        HOST,
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
      ],
      426,
      "upgrade_not_websocket",
    ],
    [
      "an upgrade with two protocols",
      ["GET / HTTP/1.1", HOST, "Connection: upgrade", "Upgrade: websocket, h2c"],
      426,
      "upgrade_not_websocket",
    ],
    ["a WebSocket by POST", ["POST / HTTP/1.1", HOST, ...WEBSOCKET], 400, "malformed_request"],
    [
      "a WebSocket with a body",
      ["GET / HTTP/1.1", HOST, ...WEBSOCKET, "Content-Length: 5"],
      400,
      "malformed_request",
    ],
    ["a WebSocket by HTTP/1.0", ["GET / HTTP/1.0", HOST, ...WEBSOCKET], 400, "malformed_request"],
    [
      "Upgrade without Connection: upgrade",
      ["GET / HTTP/1.1", HOST, "Upgrade: websocket"],
      400,
      "upgrade_incomplete",
    ],
    ["Connection: Origin", ["GET / HTTP/1.1", HOST, "Connection: close, Origin"], 400, "malformed_request"],
  ];

describe("a refusal of the gate", () => {
  it.each(REFUSALS)("for %s", async (_what, lines, status, type) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const response = await exchange(shim.port, lines);
    expect([statusOf(response), errorOf(response).type]).toEqual([status, type]);
    expect(Object.keys(errorOf(response)).toSorted()).toEqual(["fix", "message", "type"]);
    expect(Object.values(errorOf(response)).every((text) => text.length > 3)).toBe(true);
    expect(response).toMatch(/\r\ncontent-type: application\/json/i);
    expect(response).toMatch(/\r\ncache-control: no-store\r\n/i);
    expect(gateway.bytes()).toBe("");
  });

  it("has Allow with a 405 and Upgrade with a 426", async () => {
    const shim = await openShimFor(await startRecorder());
    expect(await exchange(shim.port, ["CONNECT a:1 HTTP/1.1", "Host: a:1"])).toMatch(/\r\nAllow: .*GET/);
    const upgrade = ["GET / HTTP/1.1", HOST, "Connection: Upgrade", "Upgrade: h2c"];
    expect(await exchange(shim.port, upgrade)).toMatch(/\r\nUpgrade: websocket\r\n/);
  });

  it("of a WebSocket request is exactly one outcome: denied, with the same reason and fix", async () => {
    const shim = await openShimFor(await startRecorder());
    const lines = [
      "GET /p?token=secret HTTP/1.1",
      "Host: evil.example",
      "Origin: http://evil.example",
      ...WEBSOCKET,
    ];
    const response = await exchange(shim.port, lines);
    expect(statusOf(response)).toBe(421);
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({
      outcome: "denied",
      reason: "host_not_allowed",
      path: "/p",
      http: { status: 421 },
    });
    expect(outcome.fix).toBe(errorOf(response).fix);
    expect(shim.outcomes).toHaveLength(1);
  });
});
