import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { refuse, type Refusal } from "../errors.ts";
import { freshId } from "../net/fresh-id.ts";
import { refuseSocket } from "./refusal-response.ts";
import { removeFrom } from "../text/list.ts";
import { Slots } from "./slots.ts";

/** Connections without a slot that are open at once: those that have sent no whole request, and the shim's own pages. */
const SLOTLESS = 64;

const CONNECTION = Symbol("connection");

declare module "node:net" {
  interface Socket {
    [CONNECTION]?: ClientConnection;
  }
}

/** One accepted connection of a client. */
export class ClientConnection {
  readonly socket: Socket;
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

  constructor(socket: Socket) {
    this.socket = socket;
  }
}

/** Every open client connection, upgraded ones too, which `http.Server` no longer knows; and the slots they use. */
export class Connections {
  /** Oldest first. */
  readonly #open: ClientConnection[] = [];
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
    return this.#open.length;
  }

  /**
   * @param onClose is called once, when the connection is closed
   * @returns true if another connection is closed to make room for it
   */
  add(socket: Socket, onClose: (connection: ClientConnection) => void): boolean {
    const dropped = this.#makeRoom();
    const connection = new ClientConnection(socket);
    this.#open.push(connection);
    socket[CONNECTION] = connection;
    this.onOpen?.(socket);
    socket.once("close", () => {
      removeFrom(this.#open, connection);
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
  sockets(): Socket[] {
    return this.#open.map(({ socket }) => socket);
  }

  /** Returns the connection of a socket; a new one if it is closed already. */
  of(socket: Socket): ClientConnection {
    return socket[CONNECTION] ?? new ClientConnection(socket);
  }

  /** Returns the bytes received from clients and sent to them since start. The sockets count them. */
  traffic() {
    let [received, sent] = [this.#received, this.#sent];
    for (const { bytesRead, bytesWritten } of this.sockets()) {
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
    const excess = this.#open.length + 1 - this.slots.max - SLOTLESS;
    if (excess <= 0) return false;
    const mayGo = this.#open.filter(({ dropped, socket }) => !dropped && !this.slots.of(socket));
    const oldest = mayGo.find(({ responses }) => responses.length === 0) ?? mayGo[0];
    if (!oldest) return false;
    const { socket, requests } = oldest;
    oldest.dropped = true;
    this.dropped += 1;
    // Those that read their refusal are open for a moment longer.
    if (requests > 0 || excess > SLOTLESS || this.slots.max === 0) socket.resetAndDestroy();
    else refuseSocket(socket, refuse("evicted", String(this.slots.max)));
    return true;
  }

  /** Ends requests and upgrades without a response with this refusal, and destroys all other connections. */
  refuseAll(refusal: Refusal): void {
    for (const socket of this.sockets()) {
      const slot = this.slots.of(socket);
      if (slot) slot.evict(refusal);
      else socket.destroy();
    }
  }

  /** Destroys all connections. */
  destroy(): void {
    for (const socket of this.sockets()) socket.destroy();
  }

  /** Destroys connections whose requests all have a response and that have sent nothing since; no new ones. */
  destroyIdle(): void {
    for (const { socket, responses, receivedAtResponse } of this.#open) {
      if (responses.length === 0 && receivedAtResponse === socket.bytesRead) socket.destroy();
    }
  }
}
