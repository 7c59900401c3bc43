// The watchdog's thread: kills the process if the main thread is in an endless loop.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { INPUT_AT, COUNT, LENGTH, type WatchdogData } from "./watchdog-memory.ts";

const STDERR = 2;

const { memory, hangMs, seed } = workerData as WatchdogData;
const words = new Int32Array(memory, 0, INPUT_AT / Int32Array.BYTES_PER_ELEMENT);
let last = -1;
setInterval(() => {
  const count = Atomics.load(words, COUNT);
  if (count === last) {
    const input = Buffer.from(memory, INPUT_AT, words[LENGTH]).toString("latin1");
    writeSync(STDERR, `broken: an input does not end: seed ${seed}, input ${JSON.stringify(input)}\n`);
    process.kill(process.pid, "SIGKILL");
  }
  last = count;
}, hangMs);
