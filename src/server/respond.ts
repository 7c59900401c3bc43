import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Refusal } from "../errors.ts";
import { LINGER_MS } from "./linger.ts";

/** Refusals that are written, but not ended, as their request is still on its way. */
const written = new WeakSet<ServerResponse>();

/** Whether no more will be written to `response`: it is whole, though it may not be on its way yet. */
export function isWhole(response: ServerResponse): boolean {
  return response.writableEnded || written.has(response);
}

/** Answers a request that Node gave us as a bare socket, and closes it. */
export function refuseSocket(socket: Duplex, refusal: Refusal): void {
  const { body, headers } = refusalAnswer(refusal);
  const head = Object.entries({ ...headers, Connection: "close" }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const status = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ""}\r\n`;
  socket.on("error", () => {});
  socket.end(`${status}${head.join("")}\r\n${body}`);
  // Unread bytes would turn our close into a reset, and the refusal would be lost with it.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.on("close", () => clearTimeout(timer));
}

/** Answers a plain request, and closes its connection once its body has come, or after LINGER_MS. */
export function refuseResponse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) {
    // The answer has begun: only a broken connection can still say that it is not whole.
    response.destroy();
    return;
  }
  const { body, headers } = refusalAnswer(refusal);
  response.writeHead(refusal.status, { ...headers, Connection: "close" });
  const { req: request } = response;
  if (request.readableEnded || request.closed) {
    response.end(body);
    return;
  }
  // As above: a client that is still sending its body reads the answer only after it, so the body is read, and dropped.
  response.write(body);
  written.add(response);
  const finish = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(finish, LINGER_MS);
  request.once("end", finish);
  request.once("close", finish);
  request.unpipe();
  request.resume();
}

function refusalAnswer(refusal: Refusal): { body: string; headers: Record<string, string> } {
  const { rule: type, message, fix, status, retryAfterS = status === 503 ? 1 : undefined } = refusal;
  const body = `${JSON.stringify({ error: { type, message, fix } })}\n`;
  const headers = {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(body)),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...(status === 405 && {
      Allow: type === "method_connect" ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : "GET, HEAD",
    }),
    ...(status === 426 && { Upgrade: "websocket" }),
    ...(retryAfterS !== undefined && { "Retry-After": String(retryAfterS) }),
  };
  return { body, headers };
}
