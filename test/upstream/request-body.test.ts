import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { portOf } from "../support/raw.ts";
import { openShimFor } from "../support/shim.ts";

const MIB = 1024 * 1024;

/** Starts a gateway that responds with the SHA-256 of the request's body. */
async function startHashingGateway(): Promise<{ port: number; headers: () => IncomingHttpHeaders }> {
  let headers: IncomingHttpHeaders = {};
  const server = createServer((request, response) => {
    // Not of a probe of the shim's.
    if (request.method === "POST") headers = request.headers;
    const hash = createHash("sha256");
    request.on("data", (chunk: Buffer) => hash.update(chunk));
    request.on("end", () => response.end(hash.digest("hex")));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: portOf(server), headers: () => headers };
}

async function upload(
  port: number,
  chunks: readonly Buffer[],
  headers: Record<string, string>,
): Promise<string> {
  const request = httpRequest({ port, host: "127.0.0.1", method: "POST", agent: false, headers });
  const responded = once(request, "response");
  await pipeline(Readable.from(chunks), request);
  const [response]: IncomingMessage[] = await responded;
  if (!response) throw new TypeError("no response");
  return (await response.setEncoding("latin1").toArray()).join("");
}

describe("a request's body", () => {
  it("of 50 MiB with Content-Length arrives complete, with Content-Length", async () => {
    const gateway = await startHashingGateway();
    const shim = await openShimFor(gateway);
    const chunks = Array.from({ length: 50 }, () => randomBytes(MIB));
    const hash = createHash("sha256");
    for (const chunk of chunks) hash.update(chunk);
    const response = await upload(shim.port, chunks, { "Content-Length": String(50 * MIB) });
    expect(response).toBe(hash.digest("hex"));
    expect(gateway.headers()).toMatchObject({ "content-length": String(50 * MIB) });
    expect(gateway.headers()).not.toHaveProperty("transfer-encoding");
  });

  it("of unknown length arrives complete, chunked", async () => {
    const gateway = await startHashingGateway();
    const shim = await openShimFor(gateway);
    const chunks = Array.from({ length: 40 }, (_unused, i) => randomBytes(1 + i * 997));
    const response = await upload(shim.port, chunks, { "Transfer-Encoding": "chunked" });
    expect(response).toBe(createHash("sha256").update(Buffer.concat(chunks)).digest("hex"));
    expect(gateway.headers()).toMatchObject({ "transfer-encoding": "chunked" });
    expect(gateway.headers()).not.toHaveProperty("content-length");
  });
});
