import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * The responses in progress on each connection. When a connection closes, Node emits `close` only on the response that
 * is being sent (`lib/_http_server.js`, `socketOnClose`); those to pipelined requests behind it would keep their slots
 * and gateway connections for ever (CWE-772). Here each of them emits it.
 */
export class OpenResponses {
  readonly #bySocket = new WeakMap<Socket, Set<ServerResponse>>();
  /** Bytes that a connection had received when its last response ended. */
  readonly #answered = new WeakMap<Socket, number>();

  /** Adds a response. Its `close` may be emitted twice: listen with `once`. */
  add(socket: Socket, response: ServerResponse): void {
    const responses = this.#bySocket.get(socket) ?? this.#watch(socket);
    responses.add(response);
    response.once("close", () => {
      responses.delete(response);
      this.#answered.set(socket, socket.bytesRead);
    });
  }

  /** Returns the responses of a connection that have not ended. */
  of(socket: Socket): ServerResponse[] {
    return [...(this.#bySocket.get(socket) ?? [])];
  }

  /** Returns true if a connection has all its responses and has sent nothing since; false before its first request. */
  idle(socket: Socket): boolean {
    return this.#answered.get(socket) === socket.bytesRead && this.of(socket).length === 0;
  }

  #watch(socket: Socket): Set<ServerResponse> {
    const responses = new Set<ServerResponse>();
    this.#bySocket.set(socket, responses);
    socket.once("close", () => {
      for (const response of responses) response.emit("close");
    });
    return responses;
  }
}
