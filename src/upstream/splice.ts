import type { Socket } from "node:net";
import { LINGER_MS } from "../server/linger.ts";

/** A side that takes nothing of what is left for it is dead after so many rounds of LINGER_MS. */
const STALLED_ROUNDS = 10;

export type Side = "client" | "gateway";

/**
 * Reads beside the stream; it must not change the chunk. Answers false when it wants to read no more. A promise
 * holds this chunk, and those after it, until it resolves; it must not reject, and must resolve soon.
 */
export type Tap = (chunk: Buffer) => boolean | Promise<boolean>;

/** Reads along, and hears of the end. */
export interface SpliceListener {
  readonly taps: { readonly client: Tap; readonly gateway: Tap };
  /** Called once, when both sockets are closed: which side ended first, and its error if it had one. */
  onClosed(first: Side, error: NodeJS.ErrnoException | undefined): void;
}

/** Two sockets to join. Both are flowing already, and nobody listens to them. */
export interface Splice {
  readonly client: Socket;
  readonly gateway: Socket;
  /** What the client has sent so far. */
  readonly early: Buffer;
  /** What the gateway has sent so far: it leaves in one segment, as it came. */
  readonly answered: Buffer;
  /** How much of `answered` no tap is to see: the head of the answer. */
  readonly headSize: number;
  readonly listener: SpliceListener;
}

/**
 * Joins two sockets: bytes pass unchanged, in order, at the pace of the slower side. Either side's end, half-close
 * or error ends the other as soon as it has all that was meant for it.
 */
export function splice({ client, gateway, early, answered, headSize, listener }: Splice): void {
  let first: Side | undefined;
  let firstError: NodeJS.ErrnoException | undefined;
  let lingering: NodeJS.Timeout | undefined;
  let open = 2;

  watch(client, gateway, "client");
  watch(gateway, client, "gateway");
  flow(client, gateway, listener.taps.client, { bytes: early, untapped: 0 });
  flow(gateway, client, listener.taps.gateway, { bytes: answered, untapped: headSize });

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
      listener.onClosed(first ?? name, firstError);
    });
  }
}

/** What was read of a direction before; the first `untapped` bytes are none of the tap's. */
interface First {
  readonly bytes: Buffer;
  readonly untapped: number;
}

function flow(from: Socket, to: Socket, tap: Tap, { bytes, untapped }: First): void {
  let tapping = true;
  let held = false;

  function pass(chunk: Buffer): void {
    // What comes for a side that has left is dropped, so that the sender's end is still seen.
    // What the kernel took at once is no reason to pause, however much it was.
    if (to.writable && !to.write(chunk) && to.writableLength > 0) from.pause();
  }

  function resume(): void {
    if (!held) from.resume();
  }

  function receive(chunk: Buffer, tapped: Buffer): void {
    const answer = tapping && tap(tapped);
    if (typeof answer !== "boolean") {
      void hold(chunk, answer);
      return;
    }
    tapping = answer;
    pass(chunk);
  }

  async function hold(chunk: Buffer, released: Promise<boolean>): Promise<void> {
    held = true;
    from.pause();
    tapping = await released;
    held = false;
    from.resume();
    pass(chunk);
  }

  from.on("data", (chunk: Buffer) => receive(chunk, chunk));
  to.on("drain", resume);
  to.on("close", resume);
  if (bytes.length > untapped) receive(bytes, bytes.subarray(untapped));
  else if (bytes.length > 0) pass(bytes);
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
