import { Agent, type ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { HTTP_IDLE_MS } from "../server/listener.ts";
import { countRelayed } from "../server/slots.ts";

/** Idle connections to the gateway: how many, and for how long. Node.js closes them after 5 s at the earliest. */
const [IDLE_LIMIT, IDLE_MS] = [8, 4_000];
const CHECK_MS = 1_000;

/**
 * A connection to the gateway that carries one plain request after another: the agent of each, as Node copies the options
 * of a request without one twice, and would close the connection after the response.
 */
export class GatewayConnection extends Agent {
  readonly socket: Socket;
  /** Since when it is idle, in ms of `performance.now()`; undefined while it carries a request. */
  idleSince: number | undefined;

  constructor(socket: Socket) {
    super({ keepAlive: true });
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      // Bytes between two responses belong to no request.
      if (this.idleSince === undefined) countRelayed(chunk);
      else socket.destroy();
    });
    socket.setTimeout(HTTP_IDLE_MS, () => {
      socket.destroy(Object.assign(new Error("the gateway sent nothing for too long"), { code: "TIMEOUT" }));
    });
  }

  /** Called by Node (`lib/_http_client.js`, `ClientRequest`). */
  addRequest(request: ClientRequest): void {
    request.onSocket(this.socket);
  }
}

/**
 * Stores connections for requests whose end everybody finds at the same byte. The response was read whole by Node's
 * parser, and bytes between two responses close the connection.
 */
export class IdleConnections {
  /** In the order in which they became idle. */
  readonly #idle: GatewayConnection[] = [];
  #timer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#idle.length;
  }

  /** Returns the connection that was used last; undefined if none is open. */
  take(): GatewayConnection | undefined {
    let connection = this.#idle.pop();
    while (connection && !connection.socket.writable) connection = this.#idle.pop();
    if (connection) connection.idleSince = undefined;
    return connection;
  }

  /** Stores a connection whose response is complete, or closes it. */
  keep(connection: GatewayConnection): void {
    const { socket } = connection;
    if (!socket.writable) return;
    // Also if the response came before its request was sent.
    const isClean = socket.readableLength === 0 && socket.writableLength === 0;
    if (!isClean || this.#idle.length >= IDLE_LIMIT) return void socket.destroy();
    connection.idleSince = performance.now();
    this.#idle.push(connection);
    // One timer for all, which is not changed at each request.
    this.#timer ??= setInterval(() => this.#closeOld(), CHECK_MS).unref();
  }

  /** Closes them all. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { socket } of this.#idle.splice(0)) socket.destroy();
  }

  #closeOld(): void {
    const limit = performance.now() - IDLE_MS + CHECK_MS;
    const young = this.#idle.findIndex(({ idleSince = 0 }) => idleSince > limit);
    for (const { socket } of this.#idle.splice(0, young === -1 ? Infinity : young)) socket.destroy();
    if (this.#idle.length === 0) this.close();
  }
}
