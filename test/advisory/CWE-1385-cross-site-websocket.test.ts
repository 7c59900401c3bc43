import { describe, expect, it } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, fieldsOf, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * Cross-site WebSocket hijacking: browsers let any page open one to 127.0.0.1, and only Origin tells. The gateway
 * judges it, so it must reach the gateway as it is: never mapped, never removed (docs/gateway.md section 4).
 */
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
const FOREIGN = [
  "https://evil.example",
  "http://evil.example:18788",
  "null",
  "file://",
  "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
  "http://192.168.1.9:3000",
  "https://EVIL.example",
];

describe.each(FOREIGN)("a page of %s", (origin) => {
  it("is shown to the gateway as what it is, with Host normalized", async () => {
    const gateway = await startRecorder(() => SWITCH);
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, upgradeRequest([`Origin: ${origin}`], "/", shim.authority));
    await client.until((text) => text === SWITCH);
    client.socket.destroy();
    const [request] = gateway.requests();
    expect(request && fieldsOf(request)).toMatchObject({ host: `127.0.0.1:${gateway.port}`, origin });
    expect(await shim.outcome()).not.toHaveProperty("normalized.origin");
  });

  it("stays the same page where forwarding fields are stripped, and by HTTP", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const lines = [
      "POST / HTTP/1.1",
      "Host: localhost",
      "X-Forwarded-For: 1.1.1.1",
      `Origin: ${origin}`,
      "Connection: close",
    ];
    expect(statusOf(await exchange(shim.port, lines))).toBe(200);
    expect(gateway.requests()[0]?.fields).toEqual([
      `Host: 127.0.0.1:${gateway.port}`,
      `Origin: ${origin}`,
      "Connection: close",
    ]);
  });
});

describe("an Origin that two readers could understand in two ways", () => {
  it.each([
    ["empty", ["Origin:"], 403, "origin_malformed"],
    ["with a path", ["Origin: http://127.0.0.1:18788/x"], 403, "origin_malformed"],
    ["for loopback (2026.2.19) or not", ["Origin: http://127.0.0.1.evil.example"], 403, "origin_not_allowed"],
    ["a list", ["Origin: null, https://evil.example"], 403, "origin_malformed"],
    ["twice", ["Origin: http://localhost", "ORIGIN: https://evil.example"], 400, "malformed_request"],
    [
      "named in Connection",
      ["Origin: https://evil.example", "Connection: close, Origin"],
      400,
      "malformed_request",
    ],
    [
      "named in Connection with _",
      ["Origin: https://evil.example", "Connection: ORIGIN , x_y"],
      400,
      "malformed_request",
    ],
  ] as const)("%s is refused", async (_what, fields, status, type) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const answer = await rawClient(shim.port, upgradeRequest(fields, "/", shim.authority)).closed();
    expect([statusOf(answer), errorOf(answer).type]).toEqual([status, type]);
    expect(gateway.bytes()).toBe("");
  });
});
