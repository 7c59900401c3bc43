import { readdirSync, readFileSync } from "node:fs";

/**
 * CPU time that processes have used so far, all their threads together, in microseconds. From
 * `/proc/PID/task/TID/schedstat` (proc(5)): the sum that utime and stime of `/proc/PID/stat` are made of, in
 * nanoseconds where those count ticks of 10 ms. Threads that have ended are not in it; none of the measured
 * programs ends any while it is measured.
 *
 * @throws where a process is gone
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

/** Resident set size of processes together, in kB of 1,024 bytes (`VmRSS`, proc(5)). */
export function residentKb(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    sum += Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  }
  return sum;
}

/** The process and its children: nginx works in a child. */
export function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return [pid, ...children.split(" ").filter(Boolean).map(Number)];
}
