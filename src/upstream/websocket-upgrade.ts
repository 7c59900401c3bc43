import type { Socket } from "node:net";
import { refuse, refuseUnreachable, type ConnectFailure, type Refusal } from "../errors.ts";
import { refuseSocket } from "../server/refusal-response.ts";
import type { Dialer } from "./dial.ts";
import { relayRefusal, type RefusalListener } from "./refused-upgrade.ts";
import { readResponseHead } from "./response-head.ts";
import { splice, type SpliceListener } from "./splice.ts";

/** Deadline for the gateway's response to an upgrade, in ms. */
const RESPONSE_MS = 30_000;
/**
 * A client must not send frames before the 101 (RFC 6455 section 4.1); what it sends is buffered up to this size. The
 * socket is read all the same, to see the client disconnect.
 */
const EARLY_LIMIT = 64 * 1024;

/** Is called with what happens to an upgrade. The relay does not know what it means. */
export interface UpgradeListener extends SpliceListener, RefusalListener {
  /** The gateway's HTTP response: 101, or a refusal whose content follows. */
  onResponse(status: number): void;
  /** There will be no response; the client gets a refusal. */
  onUnreachable(failure: ConnectFailure): void;
  /** The client sent too much before the response, and gets a refusal. */
  onDenied(refusal: Refusal): void;
}

/** One upgrade to relay. */
export interface UpgradeRequest {
  /** The client's socket, as the `upgrade` event of `http.Server` gives it. */
  readonly client: Socket;
  /** Bytes that arrived with the request head. */
  readonly early: Buffer;
  /** The request head for the gateway: request line, fields and blank line. */
  readonly head: string;
  readonly holdMs: number;
  readonly dialer: Dialer;
  readonly listener: UpgradeListener;
}

/**
 * Relays one upgrade: waits for the gateway, sends the request head, and joins the two sockets on a 101. A refusal
 * reaches the client as the gateway sent it. No byte of the client is forwarded before the 101: a gateway that refuses
 * would read it as a second request, which has passed no gate.
 */
export function relayUpgrade(request: UpgradeRequest): void {
  const { client, dialer, listener } = request;
  let early = request.early;
  let gateway: Socket | undefined;
  let received: Buffer = Buffer.alloc(0);
  let settled = false;

  const deadline = setTimeout(() => {
    fail("gateway_timeout", { code: "TIMEOUT", message: `no response within ${RESPONSE_MS} ms` });
  }, request.holdMs + RESPONSE_MS);
  const cancelDial = dialer.dial(request.holdMs, (result) => {
    if ("failure" in result) fail("gateway_unreachable", result.failure);
    else send(result.socket);
  });
  client.on("data", onEarly);
  client.on("end", onClientClosed);
  client.on("error", onClientClosed);
  client.on("close", onClientClosed);
  client.resume();

  function onEarly(chunk: Buffer): void {
    early = Buffer.concat([early, chunk]);
    if (early.length <= EARLY_LIMIT) return;
    const refusal = refuse("malformed_request", `more than ${EARLY_LIMIT} bytes before the 101 response`);
    refuseClient(refusal, () => listener.onDenied(refusal));
  }

  function onClientClosed(error?: unknown): void {
    if (!settle()) return;
    gateway?.destroy();
    client.on("error", () => {});
    client.destroy();
    listener.onClosed("client", error instanceof Error ? error : undefined);
  }

  function send(socket: Socket): void {
    gateway = socket;
    gateway.on("data", onResponseBytes);
    gateway.on("end", onGatewayClosed);
    gateway.on("error", onGatewayClosed);
    gateway.on("close", onGatewayClosed);
    gateway.write(request.head, "latin1");
  }

  function onResponseBytes(chunk: Buffer): void {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    let head = readResponseHead(received);
    // Interim responses (RFC 9110 section 15.2) are of no use to a WebSocket client.
    while (typeof head === "object" && head.status < 200 && head.status !== 101) {
      received = received.subarray(head.size);
      head = readResponseHead(received);
    }
    if (head === undefined || !gateway) return;
    if (head === "malformed") {
      fail("gateway_response_malformed", {
        code: "MALFORMED_RESPONSE",
        message: "not an HTTP/1.1 status line",
      });
      return;
    }
    settle();
    listener.onResponse(head.status);
    if (head.status === 101) splice({ client, gateway, early, received, headSize: head.size, listener });
    else relayRefusal({ client, gateway, head, received, listener });
  }

  function onGatewayClosed(error?: unknown): void {
    const { code = "EOF", message = "it closed the connection without a response" } =
      error instanceof Error ? (error as NodeJS.ErrnoException) : {};
    fail("gateway_unreachable", { code, message });
  }

  function fail(code: Parameters<typeof refuseUnreachable>[0], failure: ConnectFailure): void {
    refuseClient(refuseUnreachable(code, failure), () => listener.onUnreachable(failure));
  }

  function refuseClient(refusal: Refusal, notify: () => void): void {
    if (!settle()) return;
    if (gateway) {
      gateway.on("error", () => {});
      gateway.destroy();
    }
    notify();
    client.once("close", () => listener.onClosed("gateway", undefined));
    refuseSocket(client, refusal);
  }

  /** Ends the wait, once: removes its deadline, its dial and its listeners. */
  function settle(): boolean {
    if (settled) return false;
    settled = true;
    clearTimeout(deadline);
    cancelDial();
    client.off("data", onEarly);
    client.off("end", onClientClosed);
    client.off("error", onClientClosed);
    client.off("close", onClientClosed);
    gateway?.off("data", onResponseBytes);
    gateway?.off("end", onGatewayClosed);
    gateway?.off("error", onGatewayClosed);
    gateway?.off("close", onGatewayClosed);
    return true;
  }
}
