import { describe, expect, it } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const LOCAL = ["Host: 127.0.0.1", "Connection: close"];
const HEALTH = "GET /__shim__/health HTTP/1.1";

describe("a path under /__shim__/", () => {
  it.each([
    "/__shim__",
    "/__shim__/",
    "/__shim__?a",
    "/__shim__#a",
    "/__shim__/nothing",
    "/__shim__/health/",
    "/__shim__//health",
    "/__shim__/../tools/invoke",
    "/__shim__/__proto__",
    "/__shim__/constructor",
    "/__shim__/%2e%2e/tools/invoke",
    "/__shim__/health",
    "/__shim__/outcomes?x=1",
  ])("%s is never forwarded, with any method", async (path) => {
    const gateway = await startRecorder(() => "HTTP/1.1 299 Gateway\r\nContent-Length: 0\r\n\r\n");
    const shim = await openShimFor(gateway);
    for (const method of ["GET", "HEAD", "POST", "OPTIONS", "DELETE"]) {
      const answer = await exchange(shim.port, [`${method} ${path} HTTP/1.1`, ...LOCAL]);
      expect(statusOf(answer)).not.toBe(299);
      expect(statusOf(answer)).toBeGreaterThanOrEqual(200);
    }
    const upgrade = await rawClient(shim.port, upgradeRequest([], path)).closed();
    expect(statusOf(upgrade)).toBe(404);
    expect(gateway.bytes()).toBe("");
  });

  it("requires these exact bytes: other paths are forwarded", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const paths = [
      "/__shim__x",
      "/__SHIM__/health",
      "//__shim__/health",
      "/a/__shim__/health",
      "/%5f_shim__/",
    ];
    for (const path of paths) await exchange(shim.port, [`GET ${path} HTTP/1.1`, ...LOCAL]);
    expect(gateway.requests().map(({ line }) => line)).toEqual(paths.map((path) => `GET ${path} HTTP/1.1`));
  });

  it("allows only GET and HEAD", async () => {
    const shim = await openShimFor(await startRecorder());
    for (const path of ["/__shim__/health", "/__shim__/outcomes"]) {
      const lines = [`HEAD ${path} HTTP/1.1`, ...LOCAL, "Accept: text/event-stream"];
      expect(await exchange(shim.port, lines)).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/);
    }
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const answer = await exchange(shim.port, [`${method} /__shim__/health HTTP/1.1`, ...LOCAL]);
      expect([method, statusOf(answer)]).toEqual([method, 405]);
      expect(answer).toMatch(/\r\nAllow: GET, HEAD\r\n/i);
    }
  });

  it.each(["localhost:1", "127.0.0.1", "[::1]:18788", "127.8.8.8"])(
    "responds to the loopback name %s",
    async (host) => {
      const shim = await openShimFor(await startRecorder());
      expect(statusOf(await exchange(shim.port, [HEALTH, `Host: ${host}`, "Connection: close"]))).toBe(200);
    },
  );

  it.each([
    ["192.0.2.7", "page_not_local"],
    ["0.0.0.0", "page_not_local"],
    ["box.lan", "page_not_local"],
    ["[2001:db8::1]", "page_not_local"],
    ["evil.example", "host_not_allowed"],
  ])("refuses the Host %s: %s", async (host, rule) => {
    const shim = await openShimFor(await startRecorder(), { allowHost: ["box.lan"] });
    const answer = await exchange(shim.port, [HEALTH, `Host: ${host}`]);
    expect([statusOf(answer), errorOf(answer).type]).toEqual([421, rule]);
  });

  it.each(["https://evil.example", "null", "http://127.0.0.1:3000", "file://"])(
    "refuses a page of %s",
    async (origin) => {
      const shim = await openShimFor(await startRecorder());
      const answer = await exchange(shim.port, [HEALTH, ...LOCAL, `Origin: ${origin}`]);
      expect([statusOf(answer), errorOf(answer).type]).toEqual([403, "origin_not_allowed"]);
      expect(answer).not.toMatch(/access-control-allow/i);
    },
  );

  it("responds to the listener's own page, which knows the token, and to no other of its origin", async () => {
    const shim = await openShimFor(await startRecorder());
    const own = [`Host: ${shim.authority}`, "Connection: close", `Origin: http://${shim.authority}`];
    const page = await exchange(shim.port, ["GET /__shim__/ HTTP/1.1", ...own.slice(0, 2)]);
    const [, token] = /name="token" content="(\w{32})"/.exec(page) ?? [];
    const withToken = (value: string): string[] => [HEALTH.replace(" HTTP", `?token=${value} HTTP`), ...own];
    expect(statusOf(await exchange(shim.port, withToken(String(token))))).toBe(200);
    expect(statusOf(await exchange(shim.port, withToken("0".repeat(32))))).toBe(403);
    expect(statusOf(await exchange(shim.port, [HEALTH, ...own]))).toBe(403);
  });
});
