import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * The responses that are under way on each connection. When a connection is gone, Node says `close` only to the
 * response whose turn it is (`lib/_http_server.js`, `socketOnClose`); those to pipelined requests behind it would
 * hold their places, and their connections to the gateway, for ever (CWE-772). Here each of them hears of it.
 */
export class OpenResponses {
  readonly #bySocket = new WeakMap<Socket, Set<ServerResponse>>();
  /** Bytes that a connection had sent when its last response was over. */
  readonly #answered = new WeakMap<Socket, number>();

  /** Takes a response that has just begun. Its `close` may come twice: listen with `once`. */
  add(socket: Socket, response: ServerResponse): void {
    const responses = this.#bySocket.get(socket) ?? this.#watch(socket);
    responses.add(response);
    response.once("close", () => {
      responses.delete(response);
      this.#answered.set(socket, socket.bytesRead);
    });
  }

  /** The responses of a connection that are not over. */
  of(socket: Socket): ServerResponse[] {
    return [...(this.#bySocket.get(socket) ?? [])];
  }

  /** Whether a connection has had its answers and has sent nothing since: not so before its first request. */
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
