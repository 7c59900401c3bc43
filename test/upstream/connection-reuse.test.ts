import { createServer } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { GatewayConnection, IdleConnections } from "../../src/upstream/idle-connections.ts";
import { portOf, rawClient, startRawServer } from "../support/raw.ts";
import { exchange, OK, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

const LOCAL = ["Host: 127.0.0.1", "Connection: close"];
const get = (port: number, path: string, ...fields: string[]): Promise<string> =>
  exchange(port, [`GET ${path} HTTP/1.1`, ...LOCAL, ...fields]);

/** Starts a gateway that responds to the n-th request of a connection by `respond`, and a shim. */
async function start(respond: (path: string, requests: number) => string | undefined) {
  const paths: string[][] = [];
  const gateway = await startRawServer((socket) => {
    const own: string[] = [];
    paths.push(own);
    socket.on("data", (chunk: Buffer) => {
      const path = /^\w+ (\S+)/.exec(chunk.toString())?.[1] ?? "";
      own.push(path);
      const response = respond(path, own.length);
      if (response === undefined) socket.destroy();
      else socket.write(response);
    });
    socket.on("end", () => socket.end());
  });
  onTestFinished(() => gateway.close());
  const { port } = await openShimFor(gateway);
  return { port, paths, gateway };
}

describe("a connection to the gateway", () => {
  it("is used again for requests without a body, also of other clients", async () => {
    const { port, paths } = await start((path) => (path === "/d" ? OK.slice(0, -2) : OK));
    for (const path of ["/a", "/b", "/c"]) expect(statusOf(await get(port, path))).toBe(200);
    expect(statusOf(await exchange(port, ["HEAD /d HTTP/1.1", ...LOCAL]))).toBe(200);
    expect(paths).toEqual([["/a", "/b", "/c", "/d"]]);
  });

  it.each([
    ["a chunked POST", "POST", ["Transfer-Encoding: chunked"], "0\r\n\r\n"],
    ["a POST without Content-Length", "POST", [], ""],
    ["a POST with another spelling", "POST", ["Content-Length: 2", "Content_Length: 0"], "ok"],
    ["a DELETE", "DELETE", [], ""],
    ["a DELETE with a body", "DELETE", ["Content-Length: 2"], "ok"],
    ["a GET with a body", "GET", ["Content-Length: 2"], "ok"],
    ["a GET with an empty body", "GET", ["Content-Length: 0"], ""],
    ["a chunked GET", "GET", ["Transfer-Encoding: chunked"], "0\r\n\r\n"],
  ])("is not used again for %s, nor after it", async (_what, method, fields, body) => {
    const gateway = await startRecorder();
    const { port } = await openShimFor(gateway);
    await get(port, "/before");
    expect(statusOf(await exchange(port, [`${method} /x HTTP/1.1`, ...LOCAL, ...fields], body))).toBe(200);
    await get(port, "/after");
    const requests = gateway.requests().map(({ line }) => line.split(" ")[1]);
    // By connection: the first two share one.
    expect(requests).toEqual(["/before", "/after", "/x"]);
    expect(gateway.requests()[2]?.fields).toContain("Connection: close");
  });

  it("is used again for a body with one Content-Length", async () => {
    const gateway = await startRecorder();
    const { port } = await openShimFor(gateway);
    await get(port, "/before");
    const fields = [...LOCAL, "Content-Length: 5"];
    for (const method of ["POST", "PUT", "PATCH"])
      expect(statusOf(await exchange(port, [`${method} /x HTTP/1.1`, ...fields], "hello"))).toBe(200);
    await get(port, "/after");
    const requests = gateway.requests().map(({ line, body }) => [line.split(" ")[1], body]);
    const posted = ["/x", "hello"];
    expect(requests).toEqual([["/before", ""], posted, posted, posted, ["/after", ""]]);
    expect(gateway.requests()[1]?.fields).toContain("Connection: keep-alive");
  });

  it("that the gateway closes while a POST arrives is not used for it: it is sent once, on another", async () => {
    const { port, paths, gateway } = await start(() => OK);
    for (let i = 1; i <= 20; i += 1) {
      const client = rawClient(port, "GET /idle HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      await client.until((text) => text.endsWith("ok"));
      // Both arrive at the shim in one turn of the event loop, the request first.
      client.socket.write(`POST /post HTTP/1.1\r\n${LOCAL.join("\r\n")}\r\nContent-Length: 2\r\n\r\nok`);
      for (const socket of gateway.sockets) socket.destroy();
      expect(await client.closed()).toMatch(/ok(HTTP\/1.1 200 OK)\r\n.*\r\n\r\nok$/s);
      expect(paths.flat().filter((path) => path === "/post")).toHaveLength(i);
    }
  });

  it("that breaks off during a POST is not replaced: 502", async () => {
    const { port, paths } = await start((path) => (path === "/post" ? undefined : OK));
    await get(port, "/idle");
    const response = await exchange(port, ["POST /post HTTP/1.1", ...LOCAL, "Content-Length: 2"], "ok");
    expect(statusOf(response)).toBe(502);
    expect(paths.flat()).toEqual(["/idle", "/post"]);
  });

  it.each([
    [
      "more than its Content-Length",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ],
    ["a second response to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    [
      "bytes after the last chunk",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
  ])("is not used again after %s", async (what, response) => {
    const { port, paths } = await start((path) => (path === "/first" ? response : OK));
    await exchange(port, [`${what.includes("HEAD") ? "HEAD" : "GET"} /first HTTP/1.1`, ...LOCAL]);
    const second = await get(port, "/second");
    expect(second).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\nok$/s);
    expect(paths).toEqual([["/first"], ["/second"]]);
  });

  it("is not used again after a response that came before its request was sent", async () => {
    const gateway = await startRawServer();
    onTestFinished(() => gateway.close());
    const socket = connect(gateway.port, "127.0.0.1");
    await once(socket, "connect");
    socket.cork();
    socket.write("GET / HTTP/1.1\r\n");
    const idle = new IdleConnections();
    idle.keep(new GatewayConnection(socket));
    expect([idle.size, socket.destroyed]).toEqual([0, true]);
  });

  it("is not used again if bytes arrive between two requests", async () => {
    const { port, paths, gateway } = await start(() => OK);
    await get(port, "/first");
    const [socket] = gateway.sockets.slice(-1);
    socket?.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    if (socket) await once(socket, "close");
    expect(await get(port, "/second")).toMatch(/\r\n\r\nok$/);
    expect(paths).toEqual([["/first"], ["/second"]]);
  });

  it.each([
    ["Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ])("is not used again after a response with %s", async (_what, response) => {
    const { port, paths } = await start(() => response);
    for (const path of ["/a", "/b"]) expect(await get(port, path)).toMatch(/\r\n\r\nok$/);
    expect(paths).toEqual([["/a"], ["/b"]]);
  });

  it("is not used again if its client left before the end of the response", async () => {
    const { port, paths, gateway } = await start((path) =>
      path === "/half" ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" : OK,
    );
    const client = rawClient(port, `GET /half HTTP/1.1\r\n${LOCAL.join("\r\n")}\r\n\r\n`);
    await client.until((text) => text.endsWith("half"));
    const [socket] = gateway.sockets.slice(-1);
    client.socket.destroy();
    if (socket) await once(socket, "close");
    expect(await get(port, "/second")).toMatch(/\r\n\r\nok$/);
    expect(paths).toEqual([["/half"], ["/second"]]);
  });

  it("that the gateway closes meanwhile is replaced: the request is sent once more", async () => {
    const { port, paths } = await start((_path, requests) => (requests === 2 ? undefined : OK));
    await get(port, "/first");
    expect(await get(port, "/second")).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(paths).toEqual([["/first", "/second"], ["/second"]]);
  });

  it("that the gateway closes at each request: 502, after two attempts", async () => {
    const { port, paths } = await start((path) => (path === "/first" ? OK : undefined));
    await get(port, "/first");
    expect(statusOf(await get(port, "/second"))).toBe(502);
    expect(paths).toEqual([["/first", "/second"], ["/second"]]);
  });

  it("that breaks off in a response is not replaced", async () => {
    const { port, paths } = await start((path) =>
      path === "/half" ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" : OK,
    );
    await get(port, "/first");
    const client = rawClient(port, `GET /half HTTP/1.1\r\n${LOCAL.join("\r\n")}\r\n\r\n`);
    await client.until((text) => text.endsWith("half"));
    client.socket.end();
    await client.closed();
    expect(paths.flat()).toEqual(["/first", "/half"]);
  });

  it("that is idle is closed before Node's server closes it", async () => {
    const gateway = createServer((_request, response) => void response.end("ok"));
    gateway.listen(0, "127.0.0.1");
    await once(gateway, "listening");
    onTestFinished(() => void gateway.close());
    let timeouts = 0;
    const ended: string[] = [];
    gateway.on("connection", (socket) => {
      socket.on("end", () => ended.push("by the shim"));
      socket.on("timeout", () => (timeouts += 1));
    });
    const { port } = await openShimFor({ port: portOf(gateway) });
    await get(port, "/");
    const before = ended.length;
    await expect.poll(() => ended.length).toBe(before + 1);
    expect(timeouts).toBe(0);
  });

  it("is one of at most eight that are kept", async () => {
    let open = 0;
    const waiting: (() => void)[] = [];
    const gateway = createServer(({ url }, response) => {
      if (url === "/wait") waiting.push(() => response.end("ok"));
      else response.end();
    });
    gateway.on("connection", (socket) => {
      open += 1;
      socket.on("close", () => (open -= 1));
    });
    gateway.listen(0, "127.0.0.1");
    await once(gateway, "listening");
    onTestFinished(() => void gateway.close());
    const { port } = await openShimFor({ port: portOf(gateway) });
    const all = Promise.all(Array.from({ length: 20 }, () => get(port, "/wait")));
    await expect.poll(() => waiting.length).toBe(20);
    for (const respond of waiting) respond();
    await all;
    await expect.poll(() => open).toBeLessThanOrEqual(8);
  });
});
