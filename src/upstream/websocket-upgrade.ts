import type { Socket } from "node:net";
import { refuse, type Refusal } from "../errors.ts";
import { refuseUnreachable } from "../gate/unreachable.ts";
import { readAnswerHead } from "./response-head.ts";
import type { Dialer, DialFailure } from "./dial.ts";
import { passRefusal, type RefusalListener } from "./refused-upgrade.ts";
import { refuseSocket } from "../server/respond.ts";
import { splice, type SpliceListener } from "./splice.ts";

/** How long the gateway may take to answer an upgrade. */
const ANSWER_MS = 30_000;
/**
 * A client may not send frames before the 101 (RFC 6455 section 4.1); what it does send is kept up to here. To stop
 * reading there instead would be not to see it leave.
 */
const EARLY_LIMIT = 64 * 1024;

/** Hears what happens to an upgrade. The relay does not know what any of it means. */
export interface UpgradeListener extends SpliceListener, RefusalListener {
  /** The gateway's HTTP answer: 101, or a refusal whose content follows. */
  onAnswer(status: number): void;
  /** There will be no answer. The client was told so. */
  onUnreachable(failure: DialFailure): void;
  /** The client did what it may not do before the answer, and was told so. */
  onDenied(refusal: Refusal): void;
}

/** One upgrade to relay. */
export interface UpgradeRequest {
  /** The client's socket, as the `upgrade` event of `http.Server` gives it. */
  readonly client: Socket;
  /** Bytes that came with the head. */
  readonly early: Buffer;
  /** The request that the gateway is to see: request line, fields and blank line. */
  readonly head: string;
  readonly holdMs: number;
  readonly dialer: Dialer;
  readonly listener: UpgradeListener;
}

/**
 * Relays one upgrade: waits for the gateway, sends the head, and joins the two sockets on a 101. A refusal reaches
 * the client as the gateway sent it. No byte of the client goes on before the 101: a gateway that refuses would
 * read it as a second request, one that no gate has seen.
 */
export function relayUpgrade(request: UpgradeRequest): void {
  const { client, dialer, listener } = request;
  let early = request.early;
  let gateway: Socket | undefined;
  let answered: Buffer = Buffer.alloc(0);
  let settled = false;

  const deadline = setTimeout(() => {
    fail("gateway_timeout", { code: "TIMEOUT", message: `no answer within ${ANSWER_MS} ms` });
  }, request.holdMs + ANSWER_MS);
  const cancelDial = dialer.dial(request.holdMs, (result) => {
    if ("failure" in result) fail("gateway_unreachable", result.failure);
    else send(result.socket);
  });
  client.on("data", onEarly);
  client.on("end", onClientLeft);
  client.on("error", onClientLeft);
  client.on("close", onClientLeft);
  client.resume();

  function onEarly(chunk: Buffer): void {
    early = Buffer.concat([early, chunk]);
    if (early.length <= EARLY_LIMIT) return;
    const refusal = refuse(
      "malformed_request",
      `more than ${EARLY_LIMIT} bytes before the handshake's answer`,
    );
    turnAway(refusal, () => listener.onDenied(refusal));
  }

  function onClientLeft(error?: unknown): void {
    if (!settle()) return;
    gateway?.destroy();
    client.on("error", () => {});
    client.destroy();
    listener.onClosed("client", error instanceof Error ? error : undefined);
  }

  function send(socket: Socket): void {
    gateway = socket;
    gateway.on("data", onAnswerBytes);
    gateway.on("end", onGatewayLeft);
    gateway.on("error", onGatewayLeft);
    gateway.on("close", onGatewayLeft);
    gateway.write(request.head, "latin1");
  }

  function onAnswerBytes(chunk: Buffer): void {
    answered = answered.length === 0 ? chunk : Buffer.concat([answered, chunk]);
    let head = readAnswerHead(answered);
    // 100 and 103 come before the answer (RFC 9110 section 15.2); a WebSocket client has no use for them.
    while (typeof head === "object" && head.status < 200 && head.status !== 101) {
      answered = answered.subarray(head.size);
      head = readAnswerHead(answered);
    }
    if (head === undefined || !gateway) return;
    if (head === "malformed") {
      fail("gateway_answer_malformed", { code: "MALFORMED_ANSWER", message: "no HTTP/1.1 status line" });
      return;
    }
    settle();
    listener.onAnswer(head.status);
    const headSize = head.size;
    if (head.status === 101) splice({ client, gateway, early, answered, headSize, listener });
    else passRefusal({ client, gateway, head, received: answered, listener });
  }

  function onGatewayLeft(error?: unknown): void {
    const { code = "EOF", message = "it closed the connection before it answered" } =
      error instanceof Error ? (error as NodeJS.ErrnoException) : {};
    fail("gateway_unreachable", { code, message });
  }

  function fail(rule: Parameters<typeof refuseUnreachable>[0], failure: DialFailure): void {
    turnAway(refuseUnreachable(rule, failure), () => listener.onUnreachable(failure));
  }

  function turnAway(refusal: Refusal, tell: () => void): void {
    if (!settle()) return;
    if (gateway) {
      gateway.on("error", () => {});
      gateway.destroy();
    }
    tell();
    client.once("close", () => listener.onClosed("gateway", undefined));
    refuseSocket(client, refusal);
  }

  /** Ends the waiting, once: its deadline, its dial and its listeners. */
  function settle(): boolean {
    if (settled) return false;
    settled = true;
    clearTimeout(deadline);
    cancelDial();
    client.off("data", onEarly);
    client.off("end", onClientLeft);
    client.off("error", onClientLeft);
    client.off("close", onClientLeft);
    gateway?.off("data", onAnswerBytes);
    gateway?.off("end", onGatewayLeft);
    gateway?.off("error", onGatewayLeft);
    gateway?.off("close", onGatewayLeft);
    return true;
  }
}
