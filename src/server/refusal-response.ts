import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Refusal } from "../errors.ts";

/**
 * How long a connection outlives its end, in ms: a client that does not read its refusal, or does not close after it,
 * and the other side of a relayed connection of which one side has ended.
 */
export const LINGER_MS = 750;

/** Refusals that are written but not ended, as the body of their request is still arriving. */
const written = new WeakSet<ServerResponse>();

/** Returns true if nothing more will be written to `response`, though it may not be sent yet. */
export function isComplete(response: ServerResponse): boolean {
  return response.writableEnded || written.has(response);
}

/** Sends a refusal on a bare socket, and closes it. */
export function refuseSocket(socket: Duplex, refusal: Refusal): void {
  const { body, headers } = refusalResponse(refusal);
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${fields.join("")}\r\n${body}`);
  // Unread bytes would turn the close into a reset, and the client would lose the refusal.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.on("close", () => clearTimeout(timer));
}

/** Sends a refusal of a plain request, and closes its connection once the request's body is read, or after LINGER_MS. */
export function refuseResponse(response: ServerResponse, refusal: Refusal): void {
  // If the response has begun, only a broken connection can tell the client that it is incomplete.
  if (response.headersSent) return void response.destroy();
  const { body, headers } = refusalResponse(refusal);
  response.writeHead(refusal.status, headers);
  const { req: request } = response;
  if (request.readableEnded || request.closed) return void response.end(body);
  // A client that is still sending its body reads the response only after it, so the body is read and dropped.
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

function refusalResponse({ code, message, fix, command, status, ...rest }: Refusal) {
  const { retryAfterS = status === 503 ? 1 : undefined } = rest;
  const body = `${JSON.stringify({ error: { type: code, message, fix, command } })}\n`;
  const headers = {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(body)),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    // RFC 9110 section 15.5.2.
    ...(status === 401 && { "WWW-Authenticate": "Bearer" }),
    ...(status === 405 && {
      Allow: code === "method_connect" ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : "GET, HEAD",
    }),
    ...(status === 426 && { Upgrade: "websocket" }),
    ...(retryAfterS !== undefined && { "Retry-After": String(retryAfterS) }),
    Connection: "close",
  };
  return { body, headers };
}
