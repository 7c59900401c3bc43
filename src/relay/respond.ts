import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Refusal } from "../gate/refusal.ts";

/** A client that does not read its refusal, or does not close after it, is let go after this. */
const LINGER_MS = 750;

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

/** Answers a plain request. */
export function refuseResponse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) {
    // The answer has begun: only a broken connection can still say that it is not whole.
    response.destroy();
    return;
  }
  const { body, headers } = refusalAnswer(refusal);
  response.writeHead(refusal.status, { ...headers, Connection: "close" });
  response.end(body);
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
