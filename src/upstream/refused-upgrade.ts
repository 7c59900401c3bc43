import type { Socket } from "node:net";
import { LINGER_MS } from "../server/refusal-response.ts";
import { ResponseBody, type ResponseHead } from "./response-head.ts";
import type { Side } from "./splice.ts";

/** Deadline for the gateway to send a whole refusal, and for the client to read it, in ms. */
const REFUSAL_MS = 30_000;

/** Receives the content of the gateway's refusal. */
export interface RefusalListener {
  /** The body's content, without chunk framing. */
  onResponseContent(bytes: Buffer): void;
  onClosed(first: Side, error: NodeJS.ErrnoException | undefined): void;
}

/** A gateway's response to an upgrade that is not a 101. */
export interface GatewayRefusal {
  readonly client: Socket;
  readonly gateway: Socket;
  readonly head: ResponseHead;
  /** All that the gateway has sent so far, with the head. */
  readonly received: Buffer;
  readonly listener: RefusalListener;
}

/**
 * Relays a refusal to the client byte for byte, chunk framing included, and closes both connections at its end: what
 * the client sends after its upgrade request has passed no gate, and is dropped.
 */
export function relayRefusal({ client, gateway, head, received, listener }: GatewayRefusal): void {
  const body = new ResponseBody(head.framing, (bytes) => listener.onResponseContent(bytes));
  let limit = setTimeout(finish, REFUSAL_MS);
  let finished = false;

  client.on("drain", () => gateway.resume());
  client.on("error", finish);
  client.on("close", finish);
  // Read and dropped, so that the client's end is seen.
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
