import { EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { rawClient, startRawServer, upgradeRequest, type RawServer } from "./raw.ts";

/** A request as a strict parser (RFC 9112) reads it from the bytes of one connection. */
export interface Recorded {
  readonly line: string;
  /** Field lines as received. */
  readonly fields: readonly string[];
  /** The content, chunk framing removed. */
  readonly body: string;
}

/** A gateway that responds to every complete request and records every byte. */
export interface Recorder extends Pick<RawServer, "port"> {
  /** All bytes of all connections, as latin1. */
  bytes(): string;
  /** Resolves when the recorded bytes satisfy the condition. */
  until(condition: (bytes: string) => boolean): Promise<void>;
  /** Writes to the connection that received bytes last. */
  reply(bytes: string): void;
  /** Returns every complete request of every connection. */
  requests(): readonly Recorded[];
}

const DEADLINE_MS = 8_000;

export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Starts a recorder; closes it after the test. Connections stay open after a response, as a gateway's do. */
export async function startRecorder(respond: (request: Recorded) => string = () => OK): Promise<Recorder> {
  const connections: string[] = [];
  const arrivals = new EventEmitter();
  let latest: Socket | undefined;
  const server = await startRawServer((socket) => {
    const index = connections.push("") - 1;
    let responded = 0;
    socket.on("data", (chunk: Buffer) => {
      latest = socket;
      connections[index] += chunk.toString("latin1");
      const requests = readRequests(connections[index] ?? "");
      for (const request of requests.slice(responded)) socket.write(respond(request), "latin1");
      responded = requests.length;
      arrivals.emit("bytes");
    });
    socket.on("end", () => socket.end());
  });
  onTestFinished(() => server.close());
  return {
    port: server.port,
    bytes: () => server.received(),
    until: async (condition) => {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      while (!condition(server.received())) await once(arrivals, "bytes", { signal });
    },
    reply: (bytes) => latest?.write(bytes, "latin1"),
    requests: () => connections.flatMap((bytes) => readRequests(bytes)),
  };
}

/** Sends `lines`, the blank line and `body`; resolves with all received bytes when the connection is closed. */
export function exchange(port: number, lines: readonly string[], body = ""): Promise<string> {
  const client = rawClient(port, `${lines.join("\r\n")}\r\n\r\n${body}`);
  onTestFinished(() => {
    client.socket.destroy();
  });
  return client.closed();
}

/** Sends an upgrade request and disconnects after the response's header section. Returns the received bytes. */
export async function exchangeUpgrade(port: number, request = upgradeRequest()): Promise<string> {
  const client = rawClient(port, request);
  const response = await client.until((text) => text.includes("\r\n\r\n"));
  client.socket.destroy();
  return response;
}

/** Returns the status code of a raw response; 0 if it has none. */
export function statusOf(response: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(response)?.[1] ?? 0);
}

/** Returns the status codes of all responses on one connection. */
export function statusesOf(responses: string): number[] {
  return [...responses.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
}

/** Returns the `error` object of a refusal's body. */
export function errorOf(response: string): Record<"type" | "message" | "fix", string> {
  const body: { error: Record<"type" | "message" | "fix", string> } = JSON.parse(
    response.slice(response.indexOf("\r\n\r\n") + 4),
  );
  return body.error;
}

/** Returns the fields by lower-case name; of repeated fields, only the last. */
export function fieldsOf({ fields }: Recorded): Record<string, string> {
  return Object.fromEntries(
    fields.map((field) => [
      field.split(":", 1)[0]?.toLowerCase(),
      field.slice(field.indexOf(":") + 1).trim(),
    ]),
  );
}

function readRequests(bytes: string): Recorded[] {
  const requests: Recorded[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) return requests;
    const [line = "", ...fields] = rest.slice(0, end).split("\r\n");
    const content = readContent(rest.slice(end + 4), fields);
    if (!content) return requests;
    requests.push({ line, fields, body: content.body });
    rest = content.rest;
  }
}

function readContent(bytes: string, fields: readonly string[]): { body: string; rest: string } | undefined {
  const section = fields.join("\n");
  if (/^transfer-encoding:.*chunked$/im.test(section)) return readChunks(bytes);
  const length = Number(/^content-length: *(\d+)$/im.exec(section)?.[1] ?? 0);
  return bytes.length < length ? undefined : { body: bytes.slice(0, length), rest: bytes.slice(length) };
}

function readChunks(bytes: string): { body: string; rest: string } | undefined {
  let body = "";
  let rest = bytes;
  for (;;) {
    const size = /^([0-9a-f]+)\r\n/i.exec(rest);
    if (!size?.[1]) return undefined;
    const length = Number.parseInt(size[1], 16);
    const data = rest.slice(size[0].length);
    if (data.length < length + 2) return undefined;
    body += data.slice(0, length);
    rest = data.slice(length + 2);
    if (length === 0) return { body, rest };
  }
}
