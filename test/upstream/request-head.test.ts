import { describe, expect, it } from "vitest";
import { exchange, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const LOCAL = ["Host: 127.0.0.1", "Connection: close"];

describe("the header section of a plain request, at the gateway", () => {
  it("has the client's fields in their order and case, including repeated ones", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const fields = [
      "aCCept: */*",
      "X-List: 1",
      "X-List: ",
      "X-List: 2",
      "authorization: Bearer x",
      "cookie: a=b; c=d",
      "x-openclaw-scopes: operator.read",
      "X-Latin: caf\xe9 \x80\xff",
      "__proto__: 1",
      "constructor: 2",
      "User-AGENT: y",
    ];
    await exchange(shim.port, ["GET /p?q=1 HTTP/1.1", ...LOCAL, ...fields]);
    expect(gateway.requests()).toEqual([
      {
        line: "GET /p?q=1 HTTP/1.1",
        fields: [`Host: 127.0.0.1:${gateway.port}`, ...fields, "Connection: keep-alive"],
        body: "",
      },
    ]);
  });

  it.each(["GET", "DELETE"])("of a %s keeps the places of repeated fields", async (method) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const fields = [
      "X-List: 1",
      "Cookie: a=b",
      "x-list: 2",
      "Accept: */*",
      "cookie: c=d",
      "Content-Length: 0",
    ];
    await exchange(shim.port, [`${method} / HTTP/1.1`, ...LOCAL, ...fields]);
    expect(gateway.requests()[0]?.fields).toEqual([
      `Host: 127.0.0.1:${gateway.port}`,
      ...fields,
      "Connection: close",
    ]);
  });

  it("has no hop-by-hop field except the shim's own Connection", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    await exchange(shim.port, [
      "GET / HTTP/1.1",
      "Host: 127.0.0.1",
      "Connection: keep-alive, X-Hop, close",
      "Keep-Alive: timeout=5",
      "X-Hop: 1",
      "Proxy-Connection: keep-alive",
      "Proxy-Authorization: Basic x",
      "TE: trailers",
      "Trailer: X-T",
      "Upgrade: foo",
      "Transfer_Encoding: chunked",
    ]);
    expect(gateway.requests()[0]?.fields).toEqual([
      `Host: 127.0.0.1:${gateway.port}`,
      "Connection: keep-alive",
    ]);
  });

  it.each(["DELETE", "OPTIONS", "POST", "PUT", "PATCH", "GET", "PROPFIND"])(
    "of a %s without a body has no framing fields",
    async (method) => {
      const gateway = await startRecorder();
      const shim = await openShimFor(gateway);
      expect(statusOf(await exchange(shim.port, [`${method} / HTTP/1.1`, ...LOCAL]))).toBe(200);
      expect(gateway.requests()[0]?.fields).toEqual([
        `Host: 127.0.0.1:${gateway.port}`,
        `Connection: ${method === "GET" ? "keep-alive" : "close"}`,
      ]);
    },
  );

  it.each(["DELETE", "OPTIONS", "POST", "GET"])("of a %s keeps Content-Length: 0 and 5", async (method) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    for (const body of ["", "hello"]) {
      await exchange(shim.port, [`${method} / HTTP/1.1`, ...LOCAL, `Content-Length: ${body.length}`], body);
    }
    expect(gateway.requests().map(({ body }) => body)).toEqual(["", "hello"]);
    expect(gateway.requests().map(({ fields }) => fields[1])).toEqual([
      "Content-Length: 0",
      "Content-Length: 5",
    ]);
  });

  it("of an HTTP/1.0 request is HTTP/1.1, and the response is readable by HTTP/1.0", async () => {
    const gateway = await startRecorder(
      () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    );
    const shim = await openShimFor(gateway);
    const response = await exchange(shim.port, ["GET / HTTP/1.0", "Host: 127.0.0.1"]);
    expect(response).toMatch(/^HTTP\/1\.1 200 OK\r\n(?!.*transfer-encoding).*\r\n\r\nok$/is);
    expect(gateway.requests()[0]?.line).toBe("GET / HTTP/1.1");
  });
});
