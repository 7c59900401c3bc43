import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const MOUNT = "/sys/fs/cgroup";
const V1 = {
  folder: join(MOUNT, "memory"),
  limit: "memory.limit_in_bytes",
  peak: "memory.max_usage_in_bytes",
};
const V2 = { folder: MOUNT, limit: "memory.max", peak: "memory.peak" };
const version = existsSync(V1.folder) ? V1 : V2;

/** A control group whose processes the kernel kills if they need too much memory. */
export interface MemoryGroup {
  /** The file into which a process writes its id to enter. */
  readonly procs: string;
  /** The most that its processes have used, in MiB. */
  peakMiB(): number;
}

/** Creates a group with the limit, as `MemoryMax=` of a unit does; removes it after the test. Needs root. */
export function createMemoryGroup(limitBytes: number): MemoryGroup {
  const folder = join(version.folder, `openclaw-shim-test-${process.pid}`);
  if (version === V2) writeFileSync(join(MOUNT, "cgroup.subtree_control"), "+memory");
  mkdirSync(folder);
  onTestFinished(() => rmdirSync(folder));
  writeFileSync(join(folder, version.limit), String(limitBytes));
  return {
    procs: join(folder, "cgroup.procs"),
    peakMiB: () => Number(readFileSync(join(folder, version.peak), "utf8")) / 1024 ** 2,
  };
}
