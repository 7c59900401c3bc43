import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { BASE, ENV, RELEASE, ROOT } from "./release.ts";

const run = promisify(execFile);

const COPY = `git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$1"
cp -r --reflink=auto node_modules "$1"`;

it("built again in another folder, time zone, language and umask: the same bytes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-again-"));
  try {
    await run("sh", ["-c", `umask 077; ${COPY}`, "sh", folder], { cwd: ROOT });
    const repository = await run("git", ["rev-parse", "--absolute-git-dir"], { cwd: ROOT });
    await run("sh", ["-c", `umask 077; npm run --silent release -- --base ${BASE}`], {
      cwd: folder,
      env: { ...ENV, GIT_DIR: repository.stdout.trim(), TZ: "Pacific/Kiritimati", LC_ALL: "C.UTF-8" },
    });
    const sums = (path: string): Promise<string> => readFile(join(path, "SHA256SUMS"), "utf8");
    // If not, compare both folders with diffoscope.
    expect(await sums(join(folder, "dist/release"))).toBe(await sums(RELEASE));
  } finally {
    await rm(folder, { recursive: true });
  }
});
