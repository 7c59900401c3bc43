import type { Socket } from "node:net";
import { refuse, type Refusal } from "../errors.ts";
import { freshId } from "../net/fresh-id.ts";

/** Bytes received from clients, and sent to them. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** One accepted connection of a client. */
export interface ClientConnection {
  /** On every log line about the connection. */
  readonly id: string;
  /** In ms of `performance.now()`, as all times here: wall-clock time can jump. */
  readonly acceptedAt: number;
  /** Number of its requests so far. */
  requests: number;
}

/** Every open client connection, upgraded ones too, which `http.Server` no longer knows; and the slots they use. */
export class Connections {
  readonly #open = new Map<Socket, ClientConnection>();
  readonly #maxSlots: number;
  #slots = 0;
  #received = 0;
  #sent = 0;

  /** @param maxSlots as `--max-connections` */
  constructor(maxSlots: number) {
    this.#maxSlots = maxSlots;
  }

  /** Number of open connections. */
  get size(): number {
    return this.#open.size;
  }

  /** Number of upgraded connections and requests in progress. */
  get slotsInUse(): number {
    return this.#slots;
  }

  /** @param onClose is called once, when the connection is closed */
  add(socket: Socket, onClose: (connection: ClientConnection) => void): void {
    const connection = { id: freshId(), acceptedAt: performance.now(), requests: 0 };
    this.#open.set(socket, connection);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#received += socket.bytesRead;
      this.#sent += socket.bytesWritten;
      onClose(connection);
    });
  }

  /** Returns the connection of a socket; a new one if it is closed already. */
  of(socket: Socket): ClientConnection {
    return this.#open.get(socket) ?? { id: freshId(), acceptedAt: performance.now(), requests: 0 };
  }

  /** Acquires a slot for an upgrade or a request, or returns a refusal. Release it with `releaseSlot()`. */
  acquireSlot(): Refusal | undefined {
    if (this.#slots >= this.#maxSlots) return refuse("too_many_connections", String(this.#maxSlots));
    this.#slots += 1;
    return undefined;
  }

  releaseSlot(): void {
    this.#slots -= 1;
  }

  /** Returns the bytes since start. The sockets count them. */
  traffic(): Traffic {
    let [received, sent] = [this.#received, this.#sent];
    for (const { bytesRead, bytesWritten } of this.#open.keys()) {
      received += bytesRead;
      sent += bytesWritten;
    }
    return { received, sent };
  }

  /** Destroys all connections, or those that `selects` returns true for. */
  destroy(selects: (socket: Socket) => boolean = () => true): void {
    for (const socket of this.#open.keys()) if (selects(socket)) socket.destroy();
  }
}
