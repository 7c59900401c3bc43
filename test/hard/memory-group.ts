import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { onTestFinished } from "vitest";

const MOUNT = "/sys/fs/cgroup";
const V1 = {
  folder: join(MOUNT, "memory"),
  limit: "memory.limit_in_bytes",
  peak: "memory.max_usage_in_bytes",
};
const V2 = { folder: MOUNT, limit: "memory.max", peak: "memory.peak" };
const version = existsSync(V1.folder) ? V1 : V2;
const MIB = 1024 ** 2;
const COPY_MS = 3;
/** Version 1 counts the kernel's TCP buffers apart, from the first limit on. */
const TCP = {
  limit: "memory.kmem.tcp.limit_in_bytes",
  used: "memory.kmem.tcp.usage_in_bytes",
  peak: "memory.kmem.tcp.max_usage_in_bytes",
};
const NO_LIMIT = 2 ** 40;

/** A control group whose processes the kernel kills if they need too much memory. */
export interface MemoryGroup {
  /** The file into which a process writes its id to enter. */
  readonly procs: string;
  /** The most that its processes have used, in MiB. */
  peakMiB(): number;
}

/** Creates a group with the limit, as `MemoryMax=` of a unit does; removes it after the test. Needs root. */
export function createMemoryGroup(limitBytes: number): MemoryGroup {
  const folder = createGroup(limitBytes);
  return { procs: join(folder, "cgroup.procs"), peakMiB: () => numberIn(folder, version.peak) / MIB };
}

/** A group that counts the kernel's TCP buffers, too. */
export interface SocketMemoryGroup extends MemoryGroup {
  /** A shell command for a mount namespace, in which the files of the group are those of version 2. */
  readonly setUp: string;
}

/**
 * As `createMemoryGroup`. In version 1, which neither limits the sum nor has the files that the shim reads, a folder with
 * copies of the figures stands for them, and nothing kills the processes.
 */
export function createSocketMemoryGroup(limitBytes: number): SocketMemoryGroup {
  if (version === V2) return { ...createMemoryGroup(limitBytes), setUp: ":" };
  const group = createGroup(NO_LIMIT);
  writeFileSync(join(group, TCP.limit), String(NO_LIMIT));
  const folder = mkdtempSync(join(tmpdir(), "shim-cgroup-"));
  const [files, original] = [join(folder, "v2"), join(folder, "v1")];
  for (const created of [files, original]) mkdirSync(created);
  writeFileSync(join(files, "memory.max"), `${limitBytes}\n`);
  const copy = (): void => {
    // Of one length, so that no reader sees half of it.
    const sock = String(numberIn(group, TCP.used)).padStart(15, "0");
    writeFileSync(join(files, "memory.stat"), `sock ${sock}\n`, { flag: "r+" });
  };
  writeFileSync(join(files, "memory.stat"), "");
  const timer = setInterval(copy, COPY_MS);
  onTestFinished(() => {
    clearInterval(timer);
    rmSync(folder, { recursive: true });
  });
  return {
    procs: join(original, relative(MOUNT, group), "cgroup.procs"),
    peakMiB: () => (numberIn(group, version.peak) + numberIn(group, TCP.peak)) / MIB,
    setUp: `mount --rbind ${MOUNT} ${original} && mount --bind ${files} ${MOUNT}`,
  };
}

function createGroup(limitBytes: number): string {
  const folder = join(version.folder, `openclaw-shim-test-${process.pid}`);
  if (version === V2) writeFileSync(join(MOUNT, "cgroup.subtree_control"), "+memory");
  mkdirSync(folder);
  onTestFinished(() => rmdirSync(folder));
  writeFileSync(join(folder, version.limit), String(limitBytes));
  return folder;
}

function numberIn(folder: string, file: string): number {
  return Number(readFileSync(join(folder, file), "utf8"));
}
