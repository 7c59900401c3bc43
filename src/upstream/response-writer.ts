import type { IncomingMessage, ServerResponse } from "node:http";
import { afterTurn } from "./after-turn.ts";

/** Shorter chunks are written as text: Node joins it to the header section, and needs no second buffer. */
const SHORT = 2_048;

/**
 * Writes a response whose header section is set. It is sent after this turn of the event loop, with a short body in one
 * write; an event stream may stay silent for long.
 */
export class ResponseWriter {
  readonly #response: ServerResponse;
  /** The body so far, while the header section waits; undefined from then on. */
  #held: string | undefined = "";
  #isEnded = false;

  /** @param upstream the gateway's response */
  constructor(response: ServerResponse, upstream: IncomingMessage) {
    this.#response = response;
    afterTurn(() => this.#flush());
    upstream.on("data", (chunk: Buffer) => {
      if (this.#write(chunk)) return;
      upstream.pause();
      response.once("drain", () => upstream.resume());
    });
  }

  #write(chunk: Buffer): boolean {
    const isFirst = this.#held === "";
    if (!isFirst) this.#flush();
    this.#held = undefined;
    if (chunk.length >= SHORT) return this.#response.write(chunk);
    const text = chunk.toString("latin1");
    if (!isFirst) return this.#response.write(text, "latin1");
    this.#held = text;
    return true;
  }

  end(): void {
    this.#isEnded = true;
    if (this.#held === undefined) this.#response.end();
  }

  /** Sends what waits. flushHeaders would encode the fields as UTF-8, but Node's field values are latin1. */
  #flush(): void {
    const text = this.#held;
    const response = this.#response;
    this.#held = undefined;
    if (text === undefined || response.destroyed) return;
    if (!this.#isEnded) return void response.write(text, "latin1");
    if (response.chunkedEncoding) return void response.end(text, "latin1");
    // `end(text)` would add an empty chunk, and Node call writev for the two.
    response.cork();
    response.write(text, "latin1");
    response.uncork();
    response.end();
  }
}
