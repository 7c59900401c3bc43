import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { refuse, type Refusal } from "../errors.ts";
import { freshId } from "../net/fresh-id.ts";
import { refuseSocket } from "./refusal-response.ts";
import { Slots } from "./slots.ts";

/** Connections without a slot that are open at once: those that have sent no whole request, and the shim's own pages. */
const SLOTLESS = 64;

/** One accepted connection of a client. */
export class ClientConnection {
  /** On every log line about the connection. */
  readonly id = freshId();
  /** In ms of `performance.now()`, as all times here: wall-clock time can jump. */
  readonly acceptedAt = performance.now();
  /** The trace ID of its last request. */
  traceId: string | undefined;
  /** Number of its requests so far. */
  requests = 0;
  /** Its responses in progress, and those that wait. */
  readonly responses: ServerResponse[] = [];
  /** Starts its pipelined requests, which wait for the one before. */
  readonly waiting: (() => void)[] = [];
  /** It is being closed to make room for another. */
  dropped = false;
  /** Bytes that it had received when its last response ended. */
  receivedAtResponse: number | undefined;
}

/** Every open client connection, upgraded ones too, which `http.Server` no longer knows; and the slots they use. */
export class Connections {
  readonly #open = new Map<Socket, ClientConnection>();
  readonly slots: Slots;
  /** Number of connections that were closed to make room, or to free memory, since start. */
  dropped = 0;
  /** Is called with each accepted connection. */
  onOpen: ((socket: Socket) => void) | undefined;
  #received = 0;
  #sent = 0;

  /** @param maxSlots as `--max-connections`; 0 for a listener on which no request needs one */
  constructor(maxSlots: number) {
    this.slots = new Slots(maxSlots);
  }

  /** Number of open connections. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * @param onClose is called once, when the connection is closed
   * @returns true if another connection is closed to make room for it
   */
  add(socket: Socket, onClose: (connection: ClientConnection) => void): boolean {
    const dropped = this.#makeRoom();
    const connection = new ClientConnection();
    this.#open.set(socket, connection);
    this.onOpen?.(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.slots.forget(socket);
      this.#received += socket.bytesRead;
      this.#sent += socket.bytesWritten;
      onClose(connection);
      // Node emits it only on the response that is being sent (`lib/_http_server.js`, `socketOnClose`); those to pipelined
      // requests behind it would keep their slots and gateway connections for ever (CWE-772). One may emit it twice.
      for (const response of connection.responses.slice()) response.emit("close");
    });
    return dropped;
  }

  /** Returns the sockets of all open connections. */
  sockets(): Iterable<Socket> {
    return this.#open.keys();
  }

  /** Returns the connection of a socket; a new one if it is closed already. */
  of(socket: Socket): ClientConnection {
    return this.#open.get(socket) ?? new ClientConnection();
  }

  /** Returns the bytes received from clients and sent to them since start. The sockets count them. */
  traffic() {
    let [received, sent] = [this.#received, this.#sent];
    for (const { bytesRead, bytesWritten } of this.#open.keys()) {
      received += bytesRead;
      sent += bytesWritten;
    }
    return { received, sent };
  }

  /**
   * If too many connections are open, closes one that has no slot: the oldest that has no response in progress, else the
   * oldest. Slow request heads, idle connections and unread pages cannot keep others out.
   */
  #makeRoom(): boolean {
    const excess = this.#open.size + 1 - this.slots.max - SLOTLESS;
    if (excess <= 0) return false;
    let oldest: [Socket, ClientConnection] | undefined;
    for (const entry of this.#open) {
      const [socket, connection] = entry;
      if (connection.dropped || this.slots.of(socket)) continue;
      oldest ??= entry;
      if (connection.responses.length > 0) continue;
      oldest = entry;
      break;
    }
    if (!oldest) return false;
    const [socket, connection] = oldest;
    connection.dropped = true;
    this.dropped += 1;
    // Those that read their refusal are open for a moment longer.
    if (connection.requests > 0 || excess > SLOTLESS || this.slots.max === 0) socket.resetAndDestroy();
    else refuseSocket(socket, refuse("evicted", String(this.slots.max)));
    return true;
  }

  /** Ends requests and upgrades without a response with this refusal, and destroys all other connections. */
  refuseAll(refusal: Refusal): void {
    for (const socket of this.#open.keys()) {
      const slot = this.slots.of(socket);
      if (slot) slot.evict(refusal);
      else socket.destroy();
    }
  }

  /** Destroys all connections. */
  destroy(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /** Destroys connections whose requests all have a response and that have sent nothing since; no new ones. */
  destroyIdle(): void {
    for (const [socket, { responses, receivedAtResponse }] of this.#open) {
      if (responses.length === 0 && receivedAtResponse === socket.bytesRead) socket.destroy();
    }
  }
}
