import { describe, expect, it } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { startRecorder, statusesOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const get = (path: string, ...fields: string[]): string =>
  [`GET ${path} HTTP/1.1`, ...fields, "", ""].join("\r\n");
const LOCAL = "Host: 127.0.0.1";

/** Responds with the request's path. */
const echo = ({ line }: { readonly line: string }): string => {
  const path = line.split(" ")[1] ?? "";
  return `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
};

describe("requests in one write", () => {
  it("are checked and normalized individually, and responded to in order", async () => {
    const gateway = await startRecorder(echo);
    const shim = await openShimFor(gateway);
    const response = await rawClient(
      shim.port,
      get("/one", LOCAL, "X-Forwarded-For: 1.1.1.1") +
        get("/two", LOCAL, "Forwarded: for=1.1.1.1") +
        get("/three", "Host: evil.example"),
    ).closed();
    expect(statusesOf(response)).toEqual([200, 200, 421]);
    expect(response).toMatch(/\r\n\/one.*\r\n\/two.* 421 /s);
    expect(
      gateway
        .requests()
        .map(({ line }) => line)
        .toSorted(),
    ).toEqual(["GET /one HTTP/1.1", "GET /two HTTP/1.1"]);
    expect(gateway.bytes()).not.toMatch(/forwarded/i);
  });

  it("reach the gateway on separate connections if they may have a body", async () => {
    const gateway = await startRecorder(echo);
    const shim = await openShimFor(gateway);
    const empty = "Content-Length: 0";
    await rawClient(
      shim.port,
      get("/one", LOCAL, empty) + get("/two", LOCAL, empty, "Connection: close"),
    ).closed();
    expect(gateway.requests()).toHaveLength(2);
    for (const { fields } of gateway.requests()) expect(fields).toContain("Connection: close");
  });
});

describe("a protocol change after a request without a response", () => {
  it.each([
    ["a WebSocket", upgradeRequest([], "/behind")],
    ["a CONNECT", "CONNECT behind:1 HTTP/1.1\r\nHost: behind:1\r\n\r\n"],
    ["garbage", "\x16\x03\x01\r\n\r\n"],
  ])("%s closes the connection: no other response is sent as the first", async (_what, second) => {
    const gateway = await startRecorder(() => "");
    const shim = await openShimFor(gateway);
    const response = await rawClient(shim.port, get("/first", LOCAL) + second).closed();
    expect(response).toBe("");
    expect(gateway.bytes()).not.toContain("behind");
  });

  it("is one denied outcome if it is a WebSocket", async () => {
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
