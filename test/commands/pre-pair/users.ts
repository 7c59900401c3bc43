import { chmodSync, chownSync } from "node:fs";

/** Only root can test files of other users. */
export const isRoot = process.getuid?.() === 0;
export const NOBODY = 65_534;

/** Runs `work` as an unprivileged user who owns the folder, because root may read and write everything. */
export async function asNobody(folder: string, work: () => Promise<void>): Promise<void> {
  if (!isRoot) return work();
  chmodSync(folder, 0o755);
  chownSync(folder, NOBODY, NOBODY);
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
