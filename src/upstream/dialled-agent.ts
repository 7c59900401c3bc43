import { Agent, type ClientRequest } from "node:http";
import type { Socket } from "node:net";

/** Idle connections to the gateway: how many, and for how long. Node.js closes them after 5 s at the earliest. */
const [IDLE_LIMIT, IDLE_MS] = [8, 4_000];

/** Gives a request the connection that was dialled for it. */
export class DialledAgent extends Agent {
  next: Socket | undefined;

  override createConnection(): Socket | undefined {
    const socket = this.next;
    this.next = undefined;
    return socket;
  }
}

/**
 * Keeps connections for requests without a body: such a request ends with its header section, however it is read. The
 * response was read whole by Node's parser, and bytes between two responses close the connection.
 */
export class ReusingAgent extends DialledAgent {
  constructor() {
    super({ keepAlive: true, maxFreeSockets: IDLE_LIMIT });
  }

  /** Returns true if a request would be sent on a connection that is open. */
  hasIdle(): boolean {
    return Object.values(this.freeSockets).some((sockets) => sockets?.some(({ writable }) => writable));
  }

  override keepSocketAlive(socket: Socket): boolean {
    socket.setTimeout(IDLE_MS).on("data", destroyThis);
    return socket.readableLength === 0;
  }

  override reuseSocket(socket: Socket, request: ClientRequest): void {
    socket.off("data", destroyThis);
    super.reuseSocket(socket, request);
  }
}

function destroyThis(this: Socket): void {
  this.destroy();
}
