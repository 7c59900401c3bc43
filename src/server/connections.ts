import type { Socket } from "node:net";

/** Bytes received from clients, and sent to them. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** Every open connection of a client, upgraded ones too: `http.Server` forgets those. */
export class Connections {
  /** Each with when it was accepted, until its first request takes that. */
  readonly #open = new Map<Socket, number | undefined>();
  #received = 0;
  #sent = 0;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    this.#open.set(socket, performance.now());
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#received += socket.bytesRead;
      this.#sent += socket.bytesWritten;
    });
  }

  /**
   * When the request began that has just come, in milliseconds of `performance.now()`: with its connection, or now if
   * it is not its connection's first. To be asked once for each request.
   */
  requestStart(socket: Socket): number {
    const acceptedAt = this.#open.get(socket);
    if (acceptedAt === undefined) return performance.now();
    this.#open.set(socket, undefined);
    return acceptedAt;
  }

  /** Bytes since start; the sockets count themselves, so that the data path need not. */
  traffic(): Traffic {
    let [received, sent] = [this.#received, this.#sent];
    for (const { bytesRead, bytesWritten } of this.#open.keys()) {
      received += bytesRead;
      sent += bytesWritten;
    }
    return { received, sent };
  }

  /** Destroys all of them, or those of which `which` holds. */
  destroy(which: (socket: Socket) => boolean = () => true): void {
    for (const socket of this.#open.keys()) if (which(socket)) socket.destroy();
  }
}
