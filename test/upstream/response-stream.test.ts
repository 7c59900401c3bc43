import { describe, expect, it, onTestFinished } from "vitest";
import { rawClient, type RawClient } from "../support/raw.ts";
import { startRecorder, type Recorder } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/** Sends a request to a gateway that responds with `start`. */
async function openStream(start: string): Promise<{ client: RawClient; gateway: Recorder }> {
  const gateway = await startRecorder(() => start);
  const shim = await openShimFor(gateway);
  const client = rawClient(shim.port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  onTestFinished(() => {
    client.socket.destroy();
  });
  return { client, gateway };
}

describe("a response that is sent in parts", () => {
  it("arrives with its header section before the first event (SSE)", async () => {
    const { client, gateway } = await openStream(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const section = await client.until((text) => text.endsWith("\r\n\r\n"));
    expect(section).toContain("\r\nContent-Type: text/event-stream\r\n");
    gateway.reply("9\r\ndata: 1\n\n\r\n");
    await client.until((text) => text.endsWith("data: 1\n\n\r\n"));
    gateway.reply("9\r\ndata: 2\n\n\r\n0\r\n\r\n");
    expect(await client.closed()).toMatch(/data: 2\n\n\r\n0\r\n\r\n$/);
  });

  it("passes each chunk immediately", async () => {
    const { client, gateway } = await openStream(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    );
    await client.until((text) => text.endsWith("1\r\na\r\n"));
    gateway.reply("1\r\nb\r\n");
    await client.until((text) => text.endsWith("1\r\nb\r\n"));
    gateway.reply("0\r\n\r\n");
    expect(await client.closed()).toMatch(/\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n$/);
  });

  it("passes the bytes of a body with Content-Length immediately", async () => {
    const { client, gateway } = await openStream("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    await client.until((text) => text.endsWith("ab"));
    gateway.reply("cd");
    expect(await client.closed()).toMatch(/\r\n\r\nabcd$/);
  });

  it("may begin before the end of the request's body", async () => {
    const gateway = await startRecorder(() => "");
    const shim = await openShimFor(gateway);
    const request = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";
    const client = rawClient(shim.port, `${request}ab`);
    await gateway.until((bytes) => bytes.endsWith("ab"));
    gateway.reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    await client.until((text) => text.endsWith("\r\n\r\n"));
    client.socket.write("cd");
    await gateway.until((bytes) => bytes.endsWith("abcd"));
    gateway.reply("ok");
    expect(await client.closed()).toMatch(/\r\n\r\nok$/);
  });
});
