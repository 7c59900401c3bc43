// The watchdog's thread: the other one may be in a loop that never ends.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { INPUT_AT, LENGTH, TAKEN, type WatchdogData } from "./watchdog-memory.ts";

const STDERR = 2;

const { memory, hangMs, seed } = workerData as WatchdogData;
const words = new Int32Array(memory, 0, INPUT_AT / Int32Array.BYTES_PER_ELEMENT);
let last = -1;
setInterval(() => {
  const taken = Atomics.load(words, TAKEN);
  if (taken === last) {
    const input = Buffer.from(memory, INPUT_AT, words[LENGTH]).toString("latin1");
    writeSync(STDERR, `broken: an input takes for ever: seed ${seed}, input ${JSON.stringify(input)}\n`);
    process.kill(process.pid, "SIGKILL");
  }
  last = taken;
}, hangMs);
