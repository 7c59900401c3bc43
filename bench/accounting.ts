import { readdirSync, readFileSync } from "node:fs";

/**
 * Returns the CPU time of processes so far, all threads included, in microseconds. It is read from
 * `/proc/PID/task/TID/schedstat` (proc(5)) in nanoseconds: utime and stime of `/proc/PID/stat` have the same sum in ticks
 * of 10 ms. Ended threads are not included; the measured programs end none during a measurement.
 *
 * @throws if a process has ended
 */
export function cpuMicros(pids: readonly number[]): number {
  let nanos = 0;
  for (const pid of pids) {
    for (const tid of readdirSync(`/proc/${pid}/task`)) {
      nanos += Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, "utf8").split(" ", 1)[0]);
    }
  }
  return nanos / 1000;
}

/** Returns the total resident set size of processes, in kB of 1,024 bytes (`VmRSS`, proc(5)). */
export function residentKb(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    sum += Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  }
  return sum;
}

/** Returns a process and its children: the worker of nginx is a child. */
export function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return [pid, ...children.split(" ").filter(Boolean).map(Number)];
}
