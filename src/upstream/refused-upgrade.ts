import type { Socket } from "node:net";
import { AnswerBody, type AnswerHead } from "./response-head.ts";
import { LINGER_MS } from "../server/linger.ts";
import type { Side } from "./splice.ts";

/** How long the gateway may take to send all of a refusal, and the client to take it. */
const REFUSAL_MS = 30_000;

/** Hears what the gateway's refusal says. */
export interface RefusalListener {
  /** The body's content, without chunk framing. */
  onAnswerContent(bytes: Buffer): void;
  onClosed(first: Side, error: NodeJS.ErrnoException | undefined): void;
}

/** A gateway's answer to an upgrade that is not a 101. */
export interface GatewayRefusal {
  readonly client: Socket;
  readonly gateway: Socket;
  readonly head: AnswerHead;
  /** All that the gateway has sent so far, head included. */
  readonly received: Buffer;
  readonly listener: RefusalListener;
}

/**
 * Passes a refusal to the client byte for byte, chunk framing included, and closes both connections at its end:
 * what the client sends after its upgrade request has passed no gate and goes nowhere.
 */
export function passRefusal({ client, gateway, head, received, listener }: GatewayRefusal): void {
  const body = new AnswerBody(head.framing, (bytes) => listener.onAnswerContent(bytes));
  let limit = setTimeout(finish, REFUSAL_MS);
  let finished = false;

  client.on("drain", () => gateway.resume());
  client.on("error", finish);
  client.on("close", finish);
  // Read, so that the client's end is seen, and dropped.
  client.resume();
  client.on("end", () => {
    clearTimeout(limit);
    if (!finished) limit = setTimeout(finish, LINGER_MS);
  });
  gateway.on("error", finish);
  gateway.on("end", finish);
  gateway.on("close", finish);
  gateway.on("data", (chunk: Buffer) => {
    body.push(chunk);
    pass(chunk);
  });
  body.push(received.subarray(head.size));
  pass(received);

  function pass(chunk: Buffer): void {
    if (!client.write(chunk)) gateway.pause();
    if (body.done) finish();
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
