import { Receiver } from "ws";
import type { Side } from "../relay/splice.ts";

// The gateway takes at most 64 KiB before the handshake is over; its hello-ok carries a whole snapshot.
const MESSAGE_LIMIT = { client: 64 * 1024, gateway: 4 * 1024 * 1024 } as const;
const FRAGMENT_LIMIT = 1024;
const CHUNK_LIMIT = 16 * 1024;

/** Hears the frames of one direction. */
export interface FrameListener {
  onMessage(data: Buffer, isBinary: boolean): void;
  /** A close frame; 1005 where it carries no code (RFC 6455 section 7.4.1). */
  onClose(code: number, reason: string): void;
  /** These bytes are no readable frames, or a message is too large to be a handshake's. Nothing follows. */
  onUnreadable(why: string): void;
}

/** Reads the WebSocket frames of one direction beside the stream. */
export interface FrameReader {
  /** Takes the next bytes of the direction; never changes them, never throws. */
  push(chunk: Buffer): void;
  /** Forgets what was buffered and calls nobody any more. */
  stop(): void;
}

/** Makes a reader for the frames that `from` sends (RFC 6455 section 5: a client masks, a gateway does not). */
export function createFrameReader(from: Side, listener: FrameListener): FrameReader {
  const receiver = new Receiver({
    isServer: from === "client",
    maxPayload: MESSAGE_LIMIT[from],
    maxFragments: FRAGMENT_LIMIT,
    maxBufferedChunks: CHUNK_LIMIT,
  });
  let reading = true;

  receiver.on("message", (data: Buffer, isBinary: boolean) => {
    if (reading) listener.onMessage(data, isBinary);
  });
  receiver.on("conclude", (code: number, reason: Buffer) => {
    if (reading) listener.onClose(code, reason.toString("utf8"));
  });
  receiver.on("error", (error: NodeJS.ErrnoException) => {
    if (reading) listener.onUnreadable(error.code ?? error.message);
  });

  return {
    push(chunk) {
      // ws unmasks in place: what it reads of a client must be a copy, or the gateway would get it unmasked.
      if (reading) receiver.write(from === "client" ? Buffer.from(chunk) : chunk);
    },
    stop() {
      reading = false;
      receiver.destroy();
    },
  };
}
