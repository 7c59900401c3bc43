import { describe, expect, it } from "vitest";
import { rawClient } from "../support/raw.ts";
import { exchange, startRecorder, statusesOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * httpxy, which once relayed plain HTTP here, does not emit `proxyReq`, the hook that normalizes a request, for a request with `Expect`: Node has already
 * sent the header lines. Forwarding fields of the client could reach the gateway.
 */
const FIELDS = ["Host: sb.vercel.run", "X-Forwarded-For: 203.0.113.9", "Via: 1.1 edge", "Connection: close"];

describe.each(["100-continue", "100-CONTINUE", "something-else", ""])("Expect: %s", (expectation) => {
  it.each(["Expect", "eXPECT"])("as %s: forwarding fields are deleted", async (name) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway, { allowHost: ["sb.vercel.run"] });
    const lines = ["POST / HTTP/1.1", ...FIELDS, `${name}: ${expectation}`, "Content-Length: 5"];
    const response = await exchange(shim.port, lines, "hello");
    expect(statusesOf(response).at(-1)).toBe(200);
    expect(gateway.requests()).toMatchObject([{ line: "POST / HTTP/1.1", body: "hello" }]);
    expect(gateway.requests()[0]?.fields).toEqual([
      `Host: 127.0.0.1:${gateway.port}`,
      "Content-Length: 5",
      "Connection: keep-alive",
    ]);
  });
});

describe("a client that waits for 100 Continue", () => {
  it("receives it, and its body arrives", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const lines = [
      "POST / HTTP/1.1",
      "Host: 127.0.0.1",
      "Expect: 100-continue",
      "Content-Length: 5",
      "Connection: close",
    ];
    const client = rawClient(shim.port, `${lines.join("\r\n")}\r\n\r\n`);
    await client.until((text) => text === "HTTP/1.1 100 Continue\r\n\r\n");
    client.socket.write("hello");
    expect(statusesOf(await client.closed())).toEqual([100, 200]);
    expect(gateway.requests()).toMatchObject([{ body: "hello" }]);
  });

  it("receives the refusal if it is not admitted, whatever it expects", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    for (const expectation of ["100-continue", "something-else"]) {
      const lines = ["POST / HTTP/1.1", "Host: evil.example", `Expect: ${expectation}`, "Content-Length: 5"];
      expect(statusesOf(await exchange(shim.port, lines)).at(-1)).toBe(421);
    }
    expect(gateway.bytes()).toBe("");
  });
});
