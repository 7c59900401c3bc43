import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { INPUT_AT, INPUT_LIMIT, LENGTH, COUNT, type WatchdogData } from "./watchdog-memory.ts";

/** Time limit for one input. An endless loop also blocks the timers of its own thread. */
const HANG_MS = 20_000;

/** Kills the process from another thread if an input does not end, and prints the input. */
export class Watchdog {
  readonly #words: Int32Array;
  readonly #input: Uint8Array;
  readonly #worker: Worker;

  private constructor(seed: string) {
    const memory = new SharedArrayBuffer(INPUT_AT + INPUT_LIMIT);
    this.#words = new Int32Array(memory, 0, INPUT_AT / Int32Array.BYTES_PER_ELEMENT);
    this.#input = new Uint8Array(memory, INPUT_AT);
    const workerData: WatchdogData = { memory, hangMs: HANG_MS, seed };
    this.#worker = new Worker(new URL("./watchdog-thread.mjs", import.meta.url), { workerData });
  }

  /** @param seed the seed of the run; printed with the input */
  static async start(seed: string): Promise<Watchdog> {
    const watchdog = new Watchdog(seed);
    await once(watchdog.#worker, "online");
    return watchdog;
  }

  /** Sets the current input and restarts the time limit. */
  watch(input: Buffer): void {
    this.#input.set(input.subarray(0, INPUT_LIMIT));
    this.#words[LENGTH] = Math.min(input.length, INPUT_LIMIT);
    Atomics.add(this.#words, COUNT, 1);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
