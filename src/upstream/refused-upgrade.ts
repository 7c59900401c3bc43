import { LINGER_MS } from "../server/refusal-response.ts";
import type { Splice } from "./splice.ts";
import type { UpgradeListener } from "./websocket-upgrade.ts";

/** Deadline for the gateway to send a whole refusal, and for the client to read it, in ms. */
const REFUSAL_MS = 30_000;
/** A chunk's size line is short, extensions included. */
const SIZE_LINE_LIMIT = 256;

/** A gateway's response to an upgrade that is not a 101. Both sockets are flowing, and may have ended already. */
export interface GatewayRefusal extends Pick<Splice, "client" | "gateway" | "received" | "headSize"> {
  readonly listener: Pick<UpgradeListener, "onResponseContent" | "onClosed">;
}

/**
 * Relays a refusal to the client byte for byte, chunk framing included, and closes both connections at its end: what
 * the client sends after its upgrade request has passed no gate, and is dropped.
 */
export function relayRefusal({ client, gateway, received, headSize, listener }: GatewayRefusal): void {
  const framing = bodyFraming(received.toString("latin1", 0, headSize));
  const body = new ResponseBody(framing, (bytes) => listener.onResponseContent(bytes));
  let limit = setTimeout(finish, REFUSAL_MS);
  let finished = false;

  client.on("drain", () => gateway.resume());
  client.on("error", finish);
  client.on("close", finish);
  client.on("end", onClientEnd);
  gateway.on("error", finish);
  gateway.on("end", finish);
  gateway.on("close", finish);
  gateway.on("data", (chunk: Buffer) => pass(chunk, chunk));
  pass(received, received.subarray(headSize));
  if (client.readableEnded) onClientEnd();
  if (client.destroyed || gateway.destroyed || gateway.readableEnded) finish();

  function pass(chunk: Buffer, ofBody: Buffer): void {
    body.push(ofBody);
    if (!client.write(chunk)) gateway.pause();
    if (body.done) finish();
  }

  function onClientEnd(): void {
    clearTimeout(limit);
    if (!finished) limit = setTimeout(finish, LINGER_MS);
  }

  function finish(): void {
    if (finished) return;
    finished = true;
    clearTimeout(limit);
    gateway.destroy();
    client.end();
    let linger = setTimeout(() => client.destroy(), REFUSAL_MS);
    client.once("finish", () => {
      clearTimeout(linger);
      linger = setTimeout(() => client.destroy(), LINGER_MS);
    });
    client.once("close", () => clearTimeout(linger));
    listener.onClosed("gateway", undefined);
  }
}

/** Returns how a response's body ends (RFC 9112 section 6.3): after that many bytes, Infinity at the connection's end. */
export function bodyFraming(head: string): number | "chunked" {
  if (/^HTTP\/1\.[01] (?:[01]\d\d|204|304)/.test(head)) return 0;
  if (/\r\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*(?=\r\n|$)/i.test(head)) return "chunked";
  return Number(/\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n|$)/i.exec(head)?.[1] ?? Infinity);
}

/**
 * Finds the content and the end of a response body in bytes that are relayed. It only observes: a body that it cannot
 * read counts as one that ends with the connection.
 */
export class ResponseBody {
  #remaining: number;
  #line = "";
  #state: "content" | "size" | "trailer" | "done";
  readonly #afterContent: "size" | "done";
  readonly #onContent: (bytes: Buffer) => void;

  constructor(framing: ReturnType<typeof bodyFraming>, onContent: (bytes: Buffer) => void) {
    this.#remaining = framing === "chunked" ? 0 : framing;
    this.#afterContent = framing === "chunked" ? "size" : "done";
    this.#state = this.#remaining === 0 ? this.#afterContent : "content";
    this.#onContent = onContent;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && !this.done) {
      rest = rest.subarray(this.#state === "content" ? this.#readContent(rest) : this.#readLine(rest));
    }
  }

  #readContent(bytes: Buffer): number {
    const content = bytes.subarray(0, this.#remaining);
    this.#onContent(content);
    this.#remaining -= content.length;
    if (this.#remaining === 0) this.#state = this.#afterContent;
    return content.length;
  }

  #readLine(bytes: Buffer): number {
    const end = bytes.indexOf("\n");
    const part = end === -1 ? bytes : bytes.subarray(0, end);
    this.#line += part.toString("latin1", 0, SIZE_LINE_LIMIT - this.#line.length);
    if (end === -1) return bytes.length;
    const line = this.#line.trim();
    this.#line = "";
    if (this.#state === "trailer") {
      if (line === "") this.#state = "done";
    } else if (line !== "") {
      // An empty line ends the previous chunk (RFC 9112 section 7.1).
      const size = /^[0-9a-f]+/i.exec(line)?.[0];
      this.#remaining = size === undefined ? Infinity : Number.parseInt(size, 16);
      this.#state = this.#remaining === 0 ? "trailer" : "content";
    }
    return end + 1;
  }
}
