import { once } from "node:events";
import { createServer } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attemptOf } from "../../../src/commands/doctor/gateway-attempt.ts";
import { readLine } from "../../../src/commands/doctor/tool-paths.ts";
import { findListeningProcess, listeningUser } from "../../../src/commands/doctor/listening-process.ts";
import { portOf, startRawServer } from "../../support/raw.ts";

describe("an attempt", () => {
  it("is judged as the outcome line judges it", () => {
    const error = { code: "NOT_PAIRED", message: "pairing required", details: { requestId: "r-1" } };
    expect(attemptOf({ ok: false, error, close: { code: 1008, reason: "pairing required" } })).toMatchObject({
      connected: false,
      outcome: "pairing-required",
      requestId: "r-1",
    });
  });

  it.each([
    [{ failure: "connect ECONNREFUSED 127.0.0.1:1", failureCode: "ECONNREFUSED" }, "ECONNREFUSED"],
    [{ failure: "no answer within 4000 ms" }, "no answer within 4000 ms"],
  ])("that failed by %j is gateway-unreachable", (failed, reason) => {
    expect(attemptOf({ ok: false, ...failed })).toMatchObject({
      outcome: "gateway-unreachable",
      reason,
    });
  });

  it.each([
    [{ canvasHostUrl: "https://sb.vercel.run:18789" }, { scheme: "https:", host: "sb.vercel.run:18789" }],
    [
      { pluginSurfaceUrls: { canvas: "http://127.0.0.1:5/__openclaw__/cap/x" } },
      { scheme: "http:", host: "127.0.0.1:5" },
    ],
    [{}, undefined],
    [{ canvasHostUrl: "ftp://x" }, undefined],
  ])("has the name by which the gateway was called, from %j", (hello, calledAs) => {
    expect(attemptOf({ ok: true, hello })).toMatchObject({ hello: { calledAs } });
  });

  it("is made of any hello, and holds no token", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (hello) => {
        const auth = { deviceToken: "s3kr3t" };
        const attempt = attemptOf({ ok: true, hello: { ...hello, auth } });
        expect(JSON.stringify(attempt)).not.toContain("s3kr3t");
      }),
    );
  });
});

describe("a line of the gateway's log", () => {
  const text =
    "closed before connect conn=1 remote=127.0.0.1 fwd=203.0.113.7 origin=n/a host=sb.vercel.run ua=openclaw-shim-doctor/1 (ab)";

  it("has runtime, Host and X-Forwarded-For", () => {
    const line = JSON.stringify({ 0: "{}", 2: text, _meta: { runtime: "bun" } });
    expect(readLine(line)).toEqual({ runtime: "bun", host: "sb.vercel.run", forwardedFor: "203.0.113.7" });
  });

  it("has nothing that is not in it", () => {
    const bare = text.replace("fwd=203.0.113.7", "fwd=n/a");
    expect(readLine(bare)).toEqual({ runtime: undefined, host: "sb.vercel.run", forwardedFor: undefined });
    expect(readLine("{")).toEqual({ runtime: undefined, host: undefined, forwardedFor: undefined });
  });
});

describe("a listening process", () => {
  it.runIf(process.platform === "linux")("is found by its port", async () => {
    const server = await startRawServer();
    expect(findListeningProcess(server.port)).toMatchObject({
      program: "node",
      shown: expect.stringContaining(`pid ${process.pid}`) as string,
    });
    // Listening on 127.0.0.1 prevents this on the unspecified addresses, but not on another one.
    for (const host of ["127.0.0.1", "0.0.0.0", "::"])
      expect(findListeningProcess(server.port, host)).toMatchObject({ pid: process.pid });
    for (const host of ["127.0.0.2", "::1"]) expect(findListeningProcess(server.port, host)).toBeUndefined();
    expect(listeningUser(server.port, "127.0.0.1")).toBe(String(process.getuid?.()));
    await server.close();
    expect(findListeningProcess(server.port)).toBeUndefined();
    expect(listeningUser(server.port, "127.0.0.1")).toBeUndefined();
  });

  it.runIf(process.platform === "linux")("is found on [::1]", async () => {
    const server = createServer().listen(0, "::1");
    await once(server, "listening");
    expect(findListeningProcess(portOf(server), "::1")).toMatchObject({ pid: process.pid });
    expect(findListeningProcess(portOf(server), "127.0.0.1")).toBeUndefined();
    server.close();
  });
});
