import type { Socket } from "node:net";
import { quantile } from "../statistics.ts";
import { connectReading } from "./client.ts";
import type { Exchanged } from "./commands.ts";
import { commonFields } from "./wire.ts";

/** One kind of plain HTTP request. */
export interface RequestOptions {
  readonly port: number;
  /** True if the client sends the headers of a header-injecting proxy. */
  readonly proxied: boolean;
  readonly target: string;
  /** Bytes of the body, sent with POST; a GET without it. */
  readonly body?: number;
}

const HEAD_END = "\r\n\r\n";
/** Longer than the head of any response. */
const HEAD_BYTES = 2_048;
const OK = /^HTTP\/1\.1 200 [^]*?^content-length: *(\d+)/im;

/**
 * Sends `count` requests over keep-alive connections, one at a time on each.
 *
 * @throws if a response is not 200 or a connection ends
 */
export async function sendRequests(
  options: RequestOptions,
  count: number,
  connections: number,
): Promise<void> {
  let left = count;
  const more = (): boolean => (left -= 1) >= 0;
  await Promise.all(Array.from({ length: connections }, () => sendOnOne(options, more)));
}

function sendOnOne(options: RequestOptions, more: () => boolean): Promise<void> {
  const request = requestOf(options);
  return new Promise((resolve, reject) => {
    let head = "";
    let received = 0;
    let expected = Infinity;
    const next = (): void => {
      head = "";
      received = 0;
      expected = Infinity;
      if (more()) socket.write(request);
      else resolve(void socket.end());
    };
    const socket = open(options.port, reject, (bytes) => {
      received += bytes.length;
      if (expected === Infinity) {
        head += bytes.toString("latin1", 0, HEAD_BYTES);
        const end = head.indexOf(HEAD_END);
        if (end === -1) return undefined;
        const length = OK.exec(head)?.[1];
        if (length === undefined) return `response: ${head}`;
        expected = end + HEAD_END.length + Number(length);
      }
      if (received > expected) return `${received - expected} bytes too many`;
      if (received === expected) next();
      return undefined;
    });
    next();
  });
}

/**
 * Requests `count` streams of events, one after another on one keep-alive connection.
 *
 * @returns the median time to the first byte, and the delays of the events since the gateway wrote them
 * @throws if the response is not 200 or the connection ends
 */
export function streamEvents(options: RequestOptions, count: number): Promise<Exchanged> {
  const request = requestOf(options);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    let left = count;
    let text = "";
    let sentAt = 0;
    const firstBytes: number[] = [];
    const delays: number[] = [];
    const next = (): void => {
      text = "";
      if (left === 0) {
        socket.end();
        const [p50, p99] = [quantile(delays, 0.5), quantile(delays, 0.99)];
        return resolve({ ms: performance.now() - started, firstByte: quantile(firstBytes, 0.5), p50, p99 });
      }
      left -= 1;
      sentAt = performance.now();
      socket.write(request);
    };
    const socket = open(options.port, reject, (bytes) => {
      const now = process.hrtime.bigint();
      if (text === "") firstBytes.push(performance.now() - sentAt);
      const seen = text.lastIndexOf("data: ") + 1;
      text += bytes.toString("latin1");
      if (!text.startsWith("HTTP/1.1 200 ")) return `response: ${text}`;
      for (const [, writtenAt = ""] of text.slice(seen).matchAll(/data: (\d+) /g)) {
        delays.push(Number(now - BigInt(writtenAt)) / 1e6);
      }
      if (text.endsWith(`\r\n0${HEAD_END}`)) next();
      return undefined;
    });
    next();
  });
}

/** @param read returns what is wrong with the response */
function open(
  port: number,
  fail: (error: Error) => void,
  read: (bytes: Buffer) => string | undefined,
): Socket {
  const socket = connectReading(port, (bytes) => {
    const problem = read(bytes);
    if (problem !== undefined) socket.destroy(new Error(problem));
  });
  // After the last response the promise is settled: then neither has an effect.
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("connection ended early")));
  return socket;
}

function requestOf({ port, proxied, target, body }: RequestOptions): Buffer {
  const lines = [
    `${body === undefined ? "GET" : "POST"} ${target} HTTP/1.1`,
    ...commonFields(port, proxied),
    "User-Agent: openclaw-control-ui",
    "Accept: */*",
    ...(body === undefined ? [] : ["Content-Type: application/octet-stream", `Content-Length: ${body}`]),
  ];
  return Buffer.concat([
    Buffer.from(`${lines.join("\r\n")}${HEAD_END}`),
    Buffer.alloc(body ?? 0, "content "),
  ]);
}
