import type { Socket } from "node:net";

/** Bytes received from clients, and sent to them. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** Every open connection of a client, upgraded ones too: `http.Server` forgets those. */
export class Connections {
  readonly #open = new Set<Socket>();
  #received = 0;
  #sent = 0;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#received += socket.bytesRead;
      this.#sent += socket.bytesWritten;
    });
  }

  /** Bytes since start; the sockets count themselves, so that the data path need not. */
  traffic(): Traffic {
    let [received, sent] = [this.#received, this.#sent];
    for (const { bytesRead, bytesWritten } of this.#open) {
      received += bytesRead;
      sent += bytesWritten;
    }
    return { received, sent };
  }

  /** Destroys all of them, or those of which `which` holds. */
  destroy(which: (socket: Socket) => boolean = () => true): void {
    for (const socket of this.#open) if (which(socket)) socket.destroy();
  }
}
