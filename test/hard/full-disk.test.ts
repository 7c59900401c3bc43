import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { fakeGatewayPort, connects, flood } from "./clients.ts";
import { startDaemon, total } from "./daemon.ts";
import { scaled } from "./scale.ts";

const LINES = scaled(20_000);
const DISK_BYTES = 64 * 1024;

/** Mounts a small file system; unmounts it after the test. */
function mountSmallDisk(): string {
  const disk = mkdtempSync(join(tmpdir(), "shim-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", disk]);
  onTestFinished(() => {
    execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true });
  });
  return disk;
}

/** Returns the file's lines; the last may be incomplete. */
function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").replace(/\n$/, "").split("\n");
}

it(`a full disk does not stop the shim for ${LINES} lines; afterwards the log continues without incomplete lines`, async () => {
  const file = join(mountSmallDisk(), "log");
  const daemon = await startDaemon(await fakeGatewayPort(), ["--log-format", "json"], {
    stdout: openSync(file, "a"),
  });
  // From here on only outcomes are logged.
  expect(await connects(daemon)).toBe(true);
  await flood(daemon, 2_000);
  const linesOnFullDisk = linesOf(file);
  expect(readFileSync(file).length).toBe(DISK_BYTES);

  const before = await daemon.usage();
  await flood(daemon, LINES);
  expect(await connects(daemon)).toBe(true);
  await daemon.expectNoLeak(before, `${LINES} lines on a disk that is full`);
  const outcomes = LINES + 2_002;
  await expect.poll(async () => total(await daemon.outcomes())).toBe(outcomes);

  truncateSync(file);
  expect(await connects(daemon)).toBe(true);
  const [rest = "", ...lines] = linesOf(file);
  // The shim writes the rest of the line that was written in part.
  const written = [...linesOnFullDisk.slice(0, -1), `${linesOnFullDisk.at(-1)}${rest}`];
  expect(JSON.parse(written.at(-1) ?? "")).toMatchObject({ outcome: "abandoned" });
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { event: "pairing.outcome", outcome: "connected" },
    {
      event: "log.dropped",
      lines: outcomes - written.filter((line) => line.includes("pairing.outcome")).length,
    },
  ]);
});
