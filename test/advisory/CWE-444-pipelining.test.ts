import { describe, expect, it } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { startRecorder, statusesOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const get = (path: string, ...fields: string[]): string =>
  [`GET ${path} HTTP/1.1`, ...fields, "", ""].join("\r\n");
const LOCAL = "Host: 127.0.0.1";

/** A gateway that says in its answer which path was asked for. */
const echo = ({ line }: { readonly line: string }): string => {
  const path = line.split(" ")[1] ?? "";
  return `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
};

describe("requests in one write", () => {
  it("are judged and cleaned one by one, and answered in order", async () => {
    const gateway = await startRecorder(echo);
    const shim = await openShimFor(gateway);
    const answer = await rawClient(
      shim.port,
      get("/one", LOCAL, "X-Forwarded-For: 1.1.1.1") +
        get("/two", LOCAL, "Forwarded: for=1.1.1.1") +
        get("/three", "Host: evil.example"),
    ).closed();
    expect(statusesOf(answer)).toEqual([200, 200, 421]);
    expect(answer).toMatch(/\r\n\/one.*\r\n\/two.* 421 /s);
    expect(
      gateway
        .requests()
        .map(({ line }) => line)
        .toSorted(),
    ).toEqual(["GET /one HTTP/1.1", "GET /two HTTP/1.1"]);
    expect(gateway.bytes()).not.toMatch(/forwarded/i);
  });

  it("do not reach the gateway on one connection", async () => {
    const gateway = await startRecorder(echo);
    const shim = await openShimFor(gateway);
    await rawClient(shim.port, get("/one", LOCAL) + get("/two", LOCAL, "Connection: close")).closed();
    expect(gateway.requests()).toHaveLength(2);
    for (const { fields } of gateway.requests()) expect(fields).toContain("Connection: close");
  });
});

describe("a protocol change behind a request that is not answered yet", () => {
  it.each([
    ["a WebSocket", upgradeRequest([], "/behind")],
    ["a CONNECT", "CONNECT behind:1 HTTP/1.1\r\nHost: behind:1\r\n\r\n"],
    ["garbage", "\x16\x03\x01\r\n\r\n"],
  ])("%s ends the connection: no answer takes the place of the first", async (_what, behind) => {
    const gateway = await startRecorder(() => "");
    const shim = await openShimFor(gateway);
    const answer = await rawClient(shim.port, get("/first", LOCAL) + behind).closed();
    expect(answer).toBe("");
    expect(gateway.bytes()).not.toContain("behind");
  });

  it("is one denied outcome where it is a WebSocket", async () => {
    const shim = await openShimFor(await startRecorder(() => ""));
    await rawClient(shim.port, get("/first", LOCAL) + upgradeRequest([], "/behind")).closed();
    expect(await shim.outcome()).toMatchObject({
      outcome: "denied",
      reason: "malformed_request",
      path: "/behind",
    });
    expect(shim.outcomes).toHaveLength(1);
  });
});
