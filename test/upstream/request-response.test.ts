import { describe, expect, it } from "vitest";
import { rawClient } from "../support/raw.ts";
import { exchange, startRecorder } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const LOCAL = ["Host: 127.0.0.1", "Connection: close"];

async function exchangeWith(method: string, response: string): Promise<{ head: string[]; body: string }> {
  const shim = await openShimFor(await startRecorder(() => response));
  const text = await exchange(shim.port, [`${method} / HTTP/1.1`, ...LOCAL]);
  const end = text.indexOf("\r\n\r\n");
  return { head: text.slice(0, end).split("\r\n"), body: text.slice(end + 4) };
}

describe("the gateway's response to a plain request, at the client", () => {
  it("keeps its status line and fields byte for byte: order, case and repetition", async () => {
    const head = [
      "HTTP/1.1 201 Made It So",
      "sErver: gateway",
      "Set-Cookie: a=1; HttpOnly",
      "X-One: 1",
      "set-cookie: b=2",
      "Date: Thu, 01 Jan 1970 00:00:00 GMT",
      "X-One: ",
      "Content-Disposition: attachment; filename=caf\xc3\xa9 \x80\xff",
      "Location: http://127.0.0.1:1/x",
      "content-LENGTH: 5",
    ];
    const response = await exchangeWith("POST", `${head.join("\r\n")}\r\n\r\nhello`);
    expect(response).toEqual({ head: [...head, "Connection: close"], body: "hello" });
  });

  it("has no Date, Server or other field added by the shim", async () => {
    const { head } = await exchangeWith("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    expect(head).toEqual(["HTTP/1.1 200 OK", "Content-Length: 0", "Connection: close"]);
  });

  it("has no hop-by-hop fields of the gateway's connection", async () => {
    const { head } = await exchangeWith(
      "GET",
      "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n",
    );
    expect(head).toEqual(["HTTP/1.1 200 OK", "Content-Length: 0", "Connection: close"]);
  });

  it("to a HEAD keeps its Content-Length and has no body", async () => {
    const response = await exchangeWith("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    expect(response).toEqual({
      head: ["HTTP/1.1 200 OK", "Content-Length: 5000", "Connection: close"],
      body: "",
    });
  });

  it.each([
    ["204", "HTTP/1.1 204 No Content\r\nX-A: 1"],
    ["304", "HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 5000"],
  ])("with status %s has no body and no framing added by the shim", async (_status, head) => {
    const response = await exchangeWith("GET", `${head}\r\n\r\n`);
    expect(response).toEqual({ head: [...head.split("\r\n"), "Connection: close"], body: "" });
  });

  it("keeps the client's connection open for the next request", async () => {
    const gateway = await startRecorder(
      ({ line }) => `HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`,
    );
    const shim = await openShimFor(gateway);
    const client = rawClient(shim.port, "GET /first HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await client.until((text) => text.endsWith("GET /first HTTP/1.1"));
    client.socket.write("GET /second HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    expect(await client.closed()).toMatch(/GET \/first HTTP\/1\.1HTTP\/1\.1 200 .*GET \/second HTTP\/1\.1$/s);
  });
});
