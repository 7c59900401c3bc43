import type { Socket } from "node:net";
import { refuse, type Refusal } from "../errors.ts";
import { removeFrom } from "../text/list.ts";

/** If no slot is free, a client that has not authenticated loses its own after so long without a byte, in ms. */
const IDLE_MS = 1_000;
/** And so does one that is as old as this, though it sends something: every handshake is over by then. */
const UNAUTHENTICATED_MS = 30_000;
/** Deadline between two bytes of a request's body, in ms. */
const BODY_MS = 60_000;

/** After so many relayed bytes the kernel's buffers are checked: in one turn of the event loop it may fill hundreds of MiB. */
const CHECK_BYTES = 8 * 1024 * 1024;
let unchecked = 0;
/** So few connections cannot fill the memory limit: the kernel's buffers for them are not watched. */
export const UNWATCHED_CONNECTIONS = 16;

/** Checks of the kernel's buffers, of each shim that needs them: the process has one memory limit. */
export const kernelChecks = new Set<() => void>();

/** Counts relayed bytes. */
export function countRelayed({ length }: Buffer): void {
  unchecked += length;
  if (unchecked < CHECK_BYTES) return;
  unchecked = 0;
  for (const check of kernelChecks) check();
}

const never = (): boolean => false;

const SLOT = Symbol("slot");

declare module "node:net" {
  interface Socket {
    [SLOT]?: Slot | undefined;
  }
}

/** What an upgrade or a plain request in progress holds. Its user sets what is known of it. */
export class Slot {
  /** Returns true if the slot stays with its client for as long as it wants: a client that has authenticated. */
  isSafe: () => boolean = never;
  /** Returns true while a request waits for its client to send more of the body. */
  awaitsBody: () => boolean = never;
  /** Ends its use; sends the refusal unless a response has begun. */
  end: ((refusal: Refusal) => void) | undefined;
  /** The connection to the gateway that it uses. */
  gateway: Socket | undefined;
  readonly socket: Socket;
  readonly #slots: Slots;
  readonly acquiredAt = performance.now();
  #activeAt = this.acquiredAt;
  #bytes: number;

  constructor(socket: Socket, slots: Slots) {
    this.socket = socket;
    this.#slots = slots;
    this.#bytes = trafficOf(socket);
  }

  /** Returns for how long no byte was received or sent, in ms, as far as earlier calls noticed. */
  idleMs(now: number): number {
    const bytes = trafficOf(this.socket);
    if (bytes !== this.#bytes) this.#activeAt = now;
    this.#bytes = bytes;
    return now - this.#activeAt;
  }

  /** Releases the slot at once, and ends its use. */
  evict(refusal: Refusal): void {
    const { end = () => this.socket.destroy() } = this;
    this.release();
    end(refusal);
  }

  /** Further calls do nothing. */
  release(): void {
    this.#slots.release(this);
    // A slot that the garbage collector has moved to the old generation must not keep the rest of its request.
    this.isSafe = never;
    this.awaitsBody = never;
    this.end = undefined;
    this.gateway = undefined;
  }
}

/** The slots of `--max-connections`. */
export class Slots {
  readonly max: number;
  /** Those in use, oldest first. */
  readonly #used: Slot[] = [];

  constructor(max: number) {
    this.max = max;
  }

  /** Number of upgraded connections and requests in progress. */
  get used(): number {
    return this.#used.length;
  }

  /** Returns the slot that the connection holds: it has one upgrade or request at a time. */
  of(socket: Socket): Slot | undefined {
    return socket[SLOT];
  }

  /**
   * Acquires a slot for an upgrade or a request. If none is free, that of the client goes which has been idle the longest
   * and has not authenticated; if there is none such, returns a refusal.
   */
  acquire(socket: Socket): Slot | Refusal {
    if (this.#used.length >= this.max) {
      const unused = this.#leastUsed();
      if (!unused) return refuse("too_many_connections", String(this.max));
      unused.evict(refuse("evicted", String(this.max)));
    }
    const slot = new Slot(socket, this);
    this.#used.push(slot);
    socket[SLOT] = slot;
    return slot;
  }

  /** Further calls do nothing. */
  release(slot: Slot): void {
    if (!removeFrom(this.#used, slot)) return;
    slot.socket[SLOT] = undefined;
  }

  /** Refuses the requests whose bodies have stopped arriving. To be called every few seconds. */
  endStalled(): void {
    const now = performance.now();
    for (const slot of this.#used.slice()) {
      // Always called: it also notices the traffic of the others.
      const idle = slot.idleMs(now);
      if (idle >= BODY_MS && slot.awaitsBody()) slot.evict(refuse("request_timeout", "body"));
    }
  }

  #leastUsed(): Slot | undefined {
    const now = performance.now();
    let found: Slot | undefined;
    let longest = -1;
    for (const slot of this.#used) {
      const idle = slot.idleMs(now);
      const mayGo = idle >= IDLE_MS || now - slot.acquiredAt >= UNAUTHENTICATED_MS;
      if (!mayGo || idle <= longest || slot.isSafe()) continue;
      found = slot;
      longest = idle;
    }
    return found;
  }
}

function trafficOf({ bytesRead, bytesWritten }: Socket): number {
  return bytesRead + bytesWritten;
}
