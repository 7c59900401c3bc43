import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const MOUNT = "/sys/fs/cgroup";
const PREFIX = "openclaw-shim-test-";
const EMPTY_MS = 10_000;
const CHECK_MS = 20;

/** The hierarchies that systemd uses: one, or on a machine with both versions, version 2 and its own of version 1. */
const HIERARCHIES = (
  existsSync(join(MOUNT, "cgroup.controllers")) ? [MOUNT] : [join(MOUNT, "unified"), join(MOUNT, "systemd")]
).filter((folder) => existsSync(folder));

/** A control group for one container: kills every process that the container started. */
export interface ControlGroup {
  /** The files into which a process writes its id to move there. */
  readonly joins: readonly string[];
  /** Kills every process in it and removes it. @throws Error if one survives */
  remove(): Promise<void>;
}

/** Creates a control group, and removes those of an interrupted run. */
export async function createControlGroup(index: number): Promise<ControlGroup> {
  const leftovers = readdirSync(HIERARCHIES[0] ?? MOUNT).filter((name) => {
    const [, owner] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    return owner !== undefined && !existsSync(`/proc/${owner}`);
  });
  for (const name of leftovers) await removeGroup(name);
  const name = `${PREFIX}${process.pid}-${index}`;
  const folders = HIERARCHIES.map((hierarchy) => join(hierarchy, name));
  for (const folder of folders) mkdirSync(folder);
  return { joins: folders.map((folder) => join(folder, "cgroup.procs")), remove: () => removeGroup(name) };
}

async function removeGroup(name: string): Promise<void> {
  const [unified = ""] = HIERARCHIES.map((hierarchy) => join(hierarchy, name));
  writeFileSync(join(unified, "cgroup.kill"), "1");
  const deadline = performance.now() + EMPTY_MS;
  while (readFileSync(join(unified, "cgroup.events"), "utf8").includes("populated 1")) {
    if (performance.now() > deadline) throw new Error(`${unified} still has processes after cgroup.kill`);
    await sleep(CHECK_MS);
  }
  for (const hierarchy of HIERARCHIES) removeTree(join(hierarchy, name));
}

/** Removes control groups from the leaves up; the kernel owns the files in them. */
function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  rmdirSync(folder);
}
