import { describe, expect, it } from "vitest";
import { rawClient, SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import {
  errorOf,
  exchange,
  exchangeUpgrade,
  fieldsOf,
  startRecorder,
  statusOf,
} from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * Cross-site WebSocket hijacking: browsers let any page open a WebSocket to 127.0.0.1, and only Origin identifies the
 * page. The gateway checks it, so it must reach the gateway unchanged (docs/gateway.md section 4).
 */
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
  it("reaches the gateway with its Origin and a normalized Host", async () => {
    const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
    const shim = await openShimFor(gateway);
    const request = upgradeRequest([`Origin: ${origin}`], "/", shim.authority);
    expect(await exchangeUpgrade(shim.port, request)).toBe(SWITCHING_PROTOCOLS);
    const [relayed] = gateway.requests();
    expect(relayed && fieldsOf(relayed)).toMatchObject({ host: `127.0.0.1:${gateway.port}`, origin });
    expect(await shim.outcome()).not.toHaveProperty("normalized.origin");
  });

  it("keeps its Origin over HTTP and when forwarding fields are stripped", async () => {
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

describe("an ambiguous Origin", () => {
  it.each([
    ["empty", ["Origin:"], 403, "origin_malformed"],
    ["with a path", ["Origin: http://127.0.0.1:18788/x"], 403, "origin_malformed"],
    ["loopback only for 2026.2.19", ["Origin: http://127.0.0.1.evil.example"], 403, "origin_not_allowed"],
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
    const response = await rawClient(shim.port, upgradeRequest(fields, "/", shim.authority)).closed();
    expect([statusOf(response), errorOf(response).type]).toEqual([status, type]);
    expect(gateway.bytes()).toBe("");
  });
});
