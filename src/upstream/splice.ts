import type { Socket } from "node:net";
import { LINGER_MS } from "../server/refusal-response.ts";
import { countRelayed } from "../server/slots.ts";

/** A side that reads nothing of what is queued for it counts as dead after so many rounds of LINGER_MS. */
const STALLED_ROUNDS = 10;

export type Side = "client" | "gateway";

/**
 * What to do with a chunk: true and false forward it, and false ends the observation of its side. A buffer ends the
 * connection instead: it is the last that the client gets.
 */
export type ChunkVerdict = boolean | Buffer;

/** Observes a relayed connection. */
export interface SpliceListener {
  /**
   * Is called with each chunk, which it must not change. A promise holds this chunk, and those after it, until it
   * resolves; it must not reject, and must resolve soon.
   */
  onBytes(from: Side, chunk: Buffer): ChunkVerdict | Promise<ChunkVerdict>;
  /** Is called once, when both sockets are closed: the side that ended first, and its error if it had one. */
  onClosed(first: Side, error: NodeJS.ErrnoException | undefined): void;
}

/** Two sockets to join. Both are flowing already, without listeners. */
export interface Splice {
  readonly client: Socket;
  readonly gateway: Socket;
  /** Bytes that the client has sent so far. */
  readonly early: Buffer;
  /** Bytes that the gateway has sent so far; written at once, so that they leave in one segment as they came. */
  readonly received: Buffer;
  /** Size of the response head at the start of `received`, which is not observed. */
  readonly headSize: number;
  readonly listener: SpliceListener;
}

/**
 * Joins two sockets: bytes pass unchanged, in order, at the pace of the slower side. Either side's end, half-close
 * or error ends the other as soon as it has all that was meant for it.
 */
export function splice({ client, gateway, early, received, headSize, listener }: Splice): void {
  let first: Side | undefined;
  let firstError: NodeJS.ErrnoException | undefined;
  let lingering: NodeJS.Timeout | undefined;
  let open = 2;

  watch(client, gateway, "client");
  watch(gateway, client, "gateway");
  // First the response: what the client has sent may end the connection.
  flow("gateway", gateway, client, listener, end)(received, received.subarray(headSize));
  flow("client", client, gateway, listener, end)(early);

  function end(lastBytes: Buffer): void {
    if (!client.writableEnded) client.end(lastBytes);
    gateway.destroy();
  }

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
      // The timer would retain both sockets, and wake the process once more.
      clearInterval(lingering);
      listener.onClosed(first ?? name, firstError);
    });
  }
}

/** Starts one direction. Returns the function that receives its bytes; `observed` is the part for the listener. */
function flow(
  side: Side,
  from: Socket,
  to: Socket,
  listener: SpliceListener,
  end: (lastBytes: Buffer) => void,
): (chunk: Buffer, observed?: Buffer) => void {
  let observer: SpliceListener | undefined = listener;
  /** What arrives while a chunk is held. */
  let held: Buffer[] | undefined;

  function act(chunk: Buffer, verdict: ChunkVerdict | undefined): void {
    if (typeof verdict === "object") return end(verdict);
    if (!verdict) observer = undefined;
    countRelayed(chunk);
    // Bytes for a side that has closed are dropped, so that the sender's end is still seen.
    // What the kernel took at once is not a reason to pause, however much it was.
    if (to.writable && !to.write(chunk) && to.writableLength > 0) from.pause();
  }

  function resume(): void {
    if (!held) from.resume();
  }

  function receive(chunk: Buffer, observed = chunk): void {
    if (chunk.length === 0) return;
    if (held) {
      held.push(chunk);
      return void from.pause();
    }
    const verdict = observed.length === 0 || observer?.onBytes(side, observed);
    if (verdict instanceof Promise) void hold(chunk, verdict);
    else act(chunk, verdict);
  }

  /** The side is still read, to see it disconnect, until it sends more. */
  async function hold(chunk: Buffer, promise: Promise<ChunkVerdict>): Promise<void> {
    held = [];
    const verdict = await promise;
    const later = held;
    held = undefined;
    from.resume();
    act(chunk, verdict);
    for (const next of later) receive(next);
  }

  from.on("data", receive);
  to.on("drain", resume);
  to.on("close", resume);
  return receive;
}

/**
 * Destroys both sockets once `other` has read all that was queued for it, or has stopped reading. If `other` closes
 * first, what it sent last still goes to `side`, under the same deadline.
 */
function linger(side: Socket, other: Socket): NodeJS.Timeout {
  let queued = other.writableLength;
  let stalled = 0;
  const timer = setInterval(() => {
    const waiting = other.destroyed ? side : other;
    stalled = waiting.writableLength < queued ? 0 : stalled + 1;
    queued = waiting.writableLength;
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
