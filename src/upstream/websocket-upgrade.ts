import type { Socket } from "node:net";
import { refuse, refuseUnreachable, type ConnectFailure, type Refusal } from "../errors.ts";
import { ByteStore } from "../net/byte-store.ts";
import { refuseSocket } from "../server/refusal-response.ts";
import type { Slot } from "../server/slots.ts";
import type { Dialer, Hold } from "./dial.ts";
import type { GatewayRefusal } from "./refused-upgrade.ts";
import { splice, type SpliceListener } from "./splice.ts";

/** Deadline for the gateway's response to an upgrade, in ms. */
const RESPONSE_MS = 30_000;
/**
 * A client must not send frames before the 101 (RFC 6455 section 4.1); what it sends is buffered up to this size. The
 * socket is read all the same, to see the client disconnect. Also for a refusal whose relay is being loaded.
 */
const EARLY_LIMIT = 64 * 1024;
/** Node's own limit. */
const HEAD_LIMIT = 16 * 1024;
const HEAD_END = "\r\n\r\n";

/** Is called with what happens to an upgrade. The relay does not know what it means. */
export interface UpgradeListener extends SpliceListener {
  /** The gateway is connected. Calls `go` when this handshake may begin. */
  waitForTurn(go: () => void): void;
  /** The gateway's HTTP response: 101, or a refusal whose content follows. */
  onResponse(status: number): void;
  /** Content of the refusal's body, without chunk framing. */
  onResponseContent(bytes: Buffer): void;
  /** There will be no response; the client gets a refusal. */
  onUnreachable(failure: ConnectFailure): void;
  /** The client sent too much before the response, and gets a refusal. */
  onDenied(refusal: Refusal): void;
}

/** One upgrade to relay. */
export interface UpgradeRequest extends Hold {
  /** The client's socket, as the `upgrade` event of `http.Server` gives it. */
  readonly client: Socket;
  /** Bytes that arrived with the request head. */
  readonly early: Buffer;
  /** The request head for the gateway: request line, fields and blank line. */
  readonly head: string;
  readonly dialer: Dialer;
  readonly slot: Pick<Slot, "gateway">;
  readonly listener: UpgradeListener;
}

/**
 * Relays one upgrade: waits for the gateway, sends the request head, and joins the two sockets on a 101. A refusal
 * reaches the client as the gateway sent it. No byte of the client is forwarded before the 101: a gateway that refuses
 * would read it as a second request, which has passed no gate.
 *
 * @returns ends the wait for the gateway's response with a refusal
 */
export function relayUpgrade(request: UpgradeRequest): (refusal: Refusal) => void {
  // Not `request` itself: `early` may be a slice of a much larger buffer.
  const { client, head: toSend, dialer, holdMs, slot, listener } = request;
  const early = new ByteStore();
  let gateway: Socket | undefined;
  let received: Buffer = Buffer.alloc(0);
  let settled = false;

  const deadline = setTimeout(() => {
    fail("gateway_timeout", { code: "TIMEOUT", message: `no response within ${RESPONSE_MS} ms` });
  }, holdMs + RESPONSE_MS);
  const cancelDial = dialer.dial(request, (result) => {
    if ("failure" in result) return fail("gateway_unreachable", result.failure);
    gateway = result.socket;
    slot.gateway = gateway;
    watch("on", gateway, onResponseBytes, onGatewayClosed);
    listener.waitForTurn(() => result.socket.write(toSend, "latin1"));
  });
  early.append(request.early);
  watch("on", client, onEarly, onClientClosed);
  client.resume();
  return deny;

  function onEarly(chunk: Buffer): void {
    early.append(chunk);
    if (early.length > EARLY_LIMIT)
      deny(refuse("malformed_request", `more than ${EARLY_LIMIT} bytes before the 101 response`));
  }

  function deny(refusal: Refusal): void {
    refuseClient(refusal, () => listener.onDenied(refusal));
  }

  function onClientClosed(error?: unknown): void {
    if (!settle()) return;
    gateway?.destroy();
    client.on("error", () => {});
    client.destroy();
    listener.onClosed("client", error instanceof Error ? error : undefined);
  }

  function onResponseBytes(chunk: Buffer): void {
    received = Buffer.concat([received, chunk]);
    let head = readResponseHead(received);
    // Interim responses (RFC 9110 section 15.2) are of no use to a WebSocket client.
    while (typeof head === "object" && head.status < 200 && head.status !== 101) {
      received = received.subarray(head.size);
      head = readResponseHead(received);
    }
    if (head === undefined || !gateway) return;
    if (head === "malformed") {
      const message = "not an HTTP/1.1 status line";
      return fail("gateway_response_malformed", { code: "MALFORMED_RESPONSE", message });
    }
    settle();
    listener.onResponse(head.status);
    if (head.status === 101)
      splice({ client, gateway, early: early.bytes, received, headSize: head.size, listener });
    else void relayRefusal({ client, gateway, received, headSize: head.size, listener });
  }

  function onGatewayClosed(error?: NodeJS.ErrnoException | boolean): void {
    const { code = "EOF", message = "it closed the connection without a response" } =
      error instanceof Error ? error : {};
    fail("gateway_unreachable", { code, message });
  }

  function fail(code: Parameters<typeof refuseUnreachable>[0], failure: ConnectFailure): void {
    refuseClient(refuseUnreachable(code, failure), () => listener.onUnreachable(failure));
  }

  function refuseClient(refusal: Refusal, notify: () => void): void {
    if (!settle()) return;
    gateway?.on("error", () => {});
    gateway?.destroy();
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
    watch("off", client, onEarly, onClientClosed);
    if (gateway) watch("off", gateway, onResponseBytes, onGatewayClosed);
    return true;
  }
}

/** Serializes the request head of an upgrade. Node's parser guarantees that no part holds a line break. */
export function requestHead(target: string | undefined, rawHeaders: readonly string[]): string {
  let head = `GET ${target ?? "/"} HTTP/1.1\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return `${head}\r\n`;
}

function watch(
  change: "on" | "off",
  socket: Socket,
  onData: (chunk: Buffer) => void,
  onClosed: (error?: Error | boolean) => void,
): void {
  socket[change]("data", onData);
  for (const event of ["end", "error", "close"]) socket[change](event, onClosed);
}

/** Loads what only a refusal needs. What the gateway sends meanwhile is stored; what the client sends is dropped. */
async function relayRefusal(refusal: GatewayRefusal): Promise<void> {
  const { client, gateway } = refusal;
  const received = new ByteStore();
  const store = (chunk: Buffer): void => {
    received.append(chunk);
    if (received.length > EARLY_LIMIT) gateway.pause();
  };
  store(refusal.received);
  gateway.on("data", store);
  // A socket that fails meanwhile is destroyed, which the relay sees.
  for (const socket of [client, gateway]) socket.on("error", () => {});
  const refused = await import("./refused-upgrade.ts");
  gateway.off("data", store);
  gateway.resume();
  refused.relayRefusal({ ...refusal, received: received.bytes });
}

/**
 * Returns the status of a response and the size of its head with the blank line; undefined if more bytes are needed;
 * `malformed` if it can never be one.
 */
export function readResponseHead(bytes: Buffer): { status: number; size: number } | "malformed" | undefined {
  const end = bytes.indexOf(HEAD_END, 0, "latin1");
  if (end === -1) {
    const plausible = "HTTP/1.".startsWith(bytes.toString("latin1", 0, 7));
    return plausible && bytes.length <= HEAD_LIMIT ? undefined : "malformed";
  }
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r\n|$)/.exec(bytes.toString("latin1", 0, end))?.[1];
  if (status === undefined || end > HEAD_LIMIT) return "malformed";
  return { status: Number(status), size: end + HEAD_END.length };
}
