import { describe, expect, it } from "vitest";
import { rawClient, SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { exchange, exchangeUpgrade, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/** SSRF: a proxy that resolves the request target against a base URL can be directed to another server. */
const HOST = ["Host: 127.0.0.1", "Connection: close"];

describe("a request target with another authority", () => {
  it.each(["http://evil.example/", "https://127.0.0.1/", "ws://evil.example/", "evil.example:80", "*"])(
    "%s is a 400, for HTTP and WebSocket",
    async (target) => {
      const gateway = await startRecorder();
      const shim = await openShimFor(gateway);
      expect(statusOf(await exchange(shim.port, [`GET ${target} HTTP/1.1`, ...HOST]))).toBe(400);
      expect(statusOf(await rawClient(shim.port, upgradeRequest([], target)).closed())).toBe(400);
      expect(gateway.bytes()).toBe("");
    },
  );
});

describe("a path that resembles an authority", () => {
  const PATHS = [
    "//evil.example/",
    "///evil.example",
    "/\\evil.example/",
    "/@evil.example",
    "/http://evil.example/",
    "/..//../x",
    "/%2e%2e/%2f%00",
    "/a?b?c=//d&e=http://evil.example#f",
    "/?",
    "/a;b=c",
  ];

  it.each(PATHS)("%s reaches the gateway byte for byte", async (path) => {
    const gateway = await startRecorder(({ line }) =>
      line.includes("ws=1") ? SWITCHING_PROTOCOLS : "HTTP/1.1 204 No Content\r\n\r\n",
    );
    const shim = await openShimFor(gateway);
    expect(statusOf(await exchange(shim.port, [`GET ${path} HTTP/1.1`, ...HOST]))).toBe(204);
    expect(statusOf(await exchangeUpgrade(shim.port, upgradeRequest([], `${path}&ws=1`)))).toBe(101);
    expect(gateway.requests().map(({ line }) => line)).toEqual([
      `GET ${path} HTTP/1.1`,
      `GET ${path}&ws=1 HTTP/1.1`,
    ]);
    for (const { fields } of gateway.requests()) expect(fields[0]).toBe(`Host: 127.0.0.1:${gateway.port}`);
  });
});
