import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { bundleProgram } from "../../scripts/bundle.mjs";
import { createMemoryGroup } from "./memory-group.ts";

const BUNDLE = join(import.meta.dirname, "..", "..", "dist", "openclaw-shim.mjs");
// As MemoryMax= of systemd/openclaw-shim.service.
const LIMIT_MIB = 256;
/** What inside/worst.ts prints. */
interface Result {
  readonly health?: { readonly open: number };
  readonly killedBy?: string;
  /** Connections that reached the gateway. */
  readonly reached: number;
}

/** Small buffers of the kernel, so that the shim's are full soon. It counts them on its own, apart from the processes. */
const TCP_BUFFERS = "4096 65536 262144";

const folder = mkdtempSync(join(tmpdir(), "shim-memory-"));
afterAll(() => rmSync(folder, { recursive: true }));
const program = join(folder, "worst.mjs");
await bundleProgram(join(import.meta.dirname, "inside", "worst.ts"), program, "0.0.0");
const { stdout: names } = await promisify(execFile)(process.execPath, [program]);

describe(`512 connections in ${LIMIT_MIB} MiB, all at their worst at once:`, () => {
  it.each(JSON.parse(names) as string[])("%s", async (name) => {
    const group = createMemoryGroup(LIMIT_MIB * 1024 * 1024);
    const setUp = `ip link set lo up; for n in rmem wmem; do echo ${TCP_BUFFERS} > /proc/sys/net/ipv4/tcp_$n; done`;
    const command = [process.execPath, program, name, BUNDLE, group.procs];
    const { stdout } = await promisify(execFile)("unshare", [
      "--net",
      "sh",
      "-c",
      `${setUp}; exec "$@"`,
      "sh",
      ...command,
    ]);
    const { health, killedBy, reached } = JSON.parse(stdout) as Result;
    const peakMiB = group.peakMiB();
    process.stdout.write(
      `${name}: at most ${peakMiB.toFixed(0)} MiB, ${health?.open} slots, ${reached} at the gateway\n`,
    );
    expect(killedBy).toBeUndefined();
    expect(health).toBeDefined();
    // Without its attack a scenario would prove nothing.
    const fewest = /pages|log|slow|too many/.test(name) ? 0 : 400;
    expect(health?.open).toBeGreaterThanOrEqual(fewest);
    expect(peakMiB).toBeLessThan(LIMIT_MIB);
  });
});
