import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { refuse, type Refusal } from "../errors.ts";
import { freshId } from "../net/fresh-id.ts";

/** One accepted connection of a client. */
export class ClientConnection {
  /** On every log line about the connection. */
  readonly id = freshId();
  /** In ms of `performance.now()`, as all times here: wall-clock time can jump. */
  readonly acceptedAt = performance.now();
  /** Number of its requests so far. */
  requests = 0;
  /** Its responses in progress. */
  readonly responses = new Set<ServerResponse>();
  /** Bytes that it had received when its last response ended. */
  receivedAtResponse: number | undefined;
}

/** Every open client connection, upgraded ones too, which `http.Server` no longer knows; and the slots they use. */
export class Connections {
  readonly #open = new Map<Socket, ClientConnection>();
  readonly maxSlots: number;
  /** Number of connections that were closed at once, since start. */
  dropped = 0;
  #slots = 0;
  #received = 0;
  #sent = 0;

  /** @param maxSlots as `--max-connections` */
  constructor(maxSlots: number) {
    this.maxSlots = maxSlots;
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
    const connection = new ClientConnection();
    this.#open.set(socket, connection);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#received += socket.bytesRead;
      this.#sent += socket.bytesWritten;
      onClose(connection);
      for (const response of connection.responses) response.emit("close");
    });
  }

  /** Returns the connection of a socket; a new one if it is closed already. */
  of(socket: Socket): ClientConnection {
    return this.#open.get(socket) ?? new ClientConnection();
  }

  /**
   * Adds a response in progress. When a connection closes, Node emits `close` only on the response that is being sent
   * (`lib/_http_server.js`, `socketOnClose`); those to pipelined requests behind it would keep their slots and gateway
   * connections for ever (CWE-772). Here each of them emits it, perhaps twice: listen with `once`.
   */
  addResponse(socket: Socket, response: ServerResponse): void {
    const connection = this.of(socket);
    connection.responses.add(response);
    response.once("close", () => {
      connection.responses.delete(response);
      connection.receivedAtResponse = socket.bytesRead;
    });
  }

  /** Acquires a slot for an upgrade or a request, or returns a refusal. Release it with `releaseSlot()`. */
  acquireSlot(): Refusal | undefined {
    if (this.#slots >= this.maxSlots) return refuse("too_many_connections", String(this.maxSlots));
    this.#slots += 1;
    return undefined;
  }

  releaseSlot(): void {
    this.#slots -= 1;
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

  /** Destroys all connections. */
  destroy(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /** Destroys connections whose requests all have a response and that have sent nothing since; no new ones. */
  destroyIdle(): void {
    for (const [socket, { responses, receivedAtResponse }] of this.#open) {
      if (responses.size === 0 && receivedAtResponse === socket.bytesRead) socket.destroy();
    }
  }
}
