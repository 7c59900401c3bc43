import type { Socket } from "node:net";

/** The plain HTTP of the benchmark's gateway: `/bytes/N` returns N bytes, `/events/N` streams N events. */

const HEAD_END = "\r\n\r\n";
const EVENT_BYTES = 200;
const EVENT_MS = 2;
const STREAM_HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n" +
  // nginx would otherwise buffer events.
  "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n";
const responses = new Map<string, Buffer>();

/**
 * Serves the requests of a keep-alive connection, one at a time.
 *
 * @param first what was already read
 * @param check returns what is wrong with a request head
 */
export function serveHttp(socket: Socket, first: Buffer, check: (head: string) => string | undefined): void {
  let head = "";
  /** Bytes of the current request that have not been read, once its head is known. */
  let missing = 0;
  const read = (chunk: Buffer): void => {
    if (missing > 0) {
      missing -= chunk.length;
    } else {
      head += chunk.toString("latin1");
      const end = head.indexOf(HEAD_END);
      if (end === -1) return;
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      missing = end + HEAD_END.length + length - head.length;
    }
    if (missing > 0) return;
    const error = missing < 0 ? "more than one request" : check(head);
    if (error === undefined) respond(socket, head.split(" ", 2)[1] ?? "");
    else socket.end(`HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n${error}`);
    head = "";
  };
  socket.on("data", read);
  read(first);
}

function respond(socket: Socket, target: string): void {
  const [, kind, count] = /^\/(bytes|events)\/(\d+)$/.exec(target) ?? [];
  // The probe of `status`, for example.
  if (count === undefined) return void socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  if (kind === "events") return stream(socket, Number(count));
  const response = responses.get(target) ?? responseOf(Number(count));
  responses.set(target, response);
  return void socket.write(response);
}

function responseOf(bytes: number): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${bytes}${HEAD_END}`;
  return Buffer.concat([Buffer.from(head), Buffer.alloc(bytes, "content ")]);
}

/** Each event holds the time at which it is written: all processes of a machine have the same monotonic clock. */
function stream(socket: Socket, count: number): void {
  let left = count;
  socket.write(STREAM_HEAD);
  const timer = setInterval(() => {
    if (left > 0 && !socket.destroyed) {
      const event = `data: ${process.hrtime.bigint()} `.padEnd(EVENT_BYTES - 2, "x");
      socket.write(`${EVENT_BYTES.toString(16)}\r\n${event}\n\n\r\n`);
      left -= 1;
      return;
    }
    clearInterval(timer);
    socket.write(`0${HEAD_END}`);
  }, EVENT_MS);
}
