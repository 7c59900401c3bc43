import { once } from "node:events";
import { connect, type Socket } from "node:net";

export const CONNECTIONS = 512;
export const [KIB, MIB] = [1024, 1024 * 1024];
/** The shim's port. */
export const SHIM = 18_788;
export const ZEROS = Buffer.alloc(64 * KIB);

/** Opens connections that each send `text`, and read what they get, or do not. */
export async function open(text: string | Buffer, count = CONNECTIONS, reads = true): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 1) {
    const socket = connect(SHIM, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(text);
    if (reads) socket.resume();
    sockets.push(socket);
    await once(socket, "connect");
  }
  return sockets;
}

/** Writes as fast as the peer reads, without end. */
export function pour(socket: Socket, bytes: Buffer = ZEROS): void {
  const more = (): void => {
    while (socket.write(bytes));
  };
  socket.on("drain", more);
  more();
}
