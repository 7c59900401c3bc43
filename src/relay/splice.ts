import type { Socket } from "node:net";

/** After one side has ended and all was flushed, the other has this long to end too. */
const LINGER_MS = 750;
/** A side that takes nothing of what is left for it is dead after so many rounds of LINGER_MS. */
const STALLED_ROUNDS = 10;

export type Side = "client" | "gateway";

/**
 * Reads beside the stream; it must not change the chunk. Answers false when it wants to read no more. A promise
 * holds this chunk, and those after it, until it resolves; it must not reject, and must resolve soon.
 */
export type Tap = (chunk: Buffer) => boolean | Promise<boolean>;

/** Two sockets to join, and who reads along. */
export interface Splice {
  readonly client: Socket;
  readonly gateway: Socket;
  readonly taps: { readonly client: Tap; readonly gateway: Tap };
  /** Called once, when both sockets are closed: which side ended first, and its error if it had one. */
  readonly onClosed: (first: Side, error: NodeJS.ErrnoException | undefined) => void;
}

/**
 * Joins two sockets: bytes pass unchanged, in order, at the pace of the slower side. Either side's end, half-close
 * or error ends the other as soon as it has all that was meant for it.
 */
export function splice({ client, gateway, taps, onClosed }: Splice): void {
  let first: Side | undefined;
  let firstError: NodeJS.ErrnoException | undefined;
  let lingering: NodeJS.Timeout | undefined;
  let open = 2;

  flow(client, gateway, taps.client);
  flow(gateway, client, taps.gateway);
  watch(client, gateway, "client");
  watch(gateway, client, "gateway");

  function watch(side: Socket, other: Socket, name: Side): void {
    const ended = (): void => {
      if (first !== undefined) return;
      first = name;
      other.end();
      lingering = linger(side, other);
    };
    side.on("end", ended);
    side.on("error", (error) => {
      if (first === undefined) firstError = error;
      ended();
    });
    side.on("close", () => {
      ended();
      if (!other.writableEnded) other.end();
      open -= 1;
      if (open > 0) return;
      // Nothing is left to wait for: the timer would hold both sockets, and wake the process once more.
      clearInterval(lingering);
      onClosed(first ?? name, firstError);
    });
  }
}

function flow(from: Socket, to: Socket, tap: Tap): void {
  let tapping = true;
  let held = false;

  function pass(chunk: Buffer): void {
    // What comes for a side that has left is dropped, so that the sender's end is still seen.
    if (to.writable && !to.write(chunk)) from.pause();
  }

  function resume(): void {
    if (!held) from.resume();
  }

  async function hold(chunk: Buffer, released: Promise<boolean>): Promise<void> {
    held = true;
    from.pause();
    tapping = await released;
    held = false;
    from.resume();
    pass(chunk);
  }

  from.on("data", (chunk: Buffer) => {
    const answer = tapping && tap(chunk);
    if (typeof answer !== "boolean") {
      void hold(chunk, answer);
      return;
    }
    tapping = answer;
    pass(chunk);
  });
  to.on("drain", resume);
  to.on("close", resume);
  from.resume();
}

/**
 * Destroys both sockets once `other` has all that was left for it, or has stopped taking it. If `other` goes by
 * itself, what it sent last is still for `side`, under the same deadline.
 */
function linger(side: Socket, other: Socket): NodeJS.Timeout {
  let left = other.writableLength;
  let stalled = 0;
  const timer = setInterval(() => {
    const waiting = other.destroyed ? side : other;
    stalled = waiting.writableLength < left ? 0 : stalled + 1;
    left = waiting.writableLength;
    if (!waiting.writableFinished && !waiting.destroyed && stalled < STALLED_ROUNDS) return;
    clearInterval(timer);
    side.destroy();
    other.destroy();
  }, LINGER_MS).unref();
  other.once("close", () => {
    side.end();
    side.destroySoon();
  });
  return timer;
}
