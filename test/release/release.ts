import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { nodeBinary } from "../../scripts/install-once.mjs";

const run = promisify(execFile);

/** The repository. */
export const ROOT = join(import.meta.dirname, "..", "..");
/** What `npm run release` wrote, once for all tests. */
export const RELEASE = join(ROOT, "dist/release");
/** The image that the released one is built on: no registry is asked. */
export const BASE = "localhost/openclaw-shim-test-base";
/** The environment of podman, and of programs that run it. */
export const ENV = { ...process.env, CONTAINERS_CONF: join(import.meta.dirname, "containers.conf") };

const PASSWD = "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n";
const RELEASE_MS = 300_000;

/** vitest's global setup: makes the base image and the release. Returns what removes the image. */
export default async function setup(): Promise<() => Promise<unknown>> {
  await makeBase();
  await run("npm", ["run", "--silent", "release", "--", "--base", BASE], {
    cwd: ROOT,
    env: ENV,
    timeout: RELEASE_MS,
  });
  return () => podman("rmi", "--force", BASE);
}

/** Runs podman. @returns its stdout @throws Error with its stderr */
export async function podman(...args: readonly string[]): Promise<string> {
  const { stdout } = await run("podman", args, { env: ENV, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Returns the path of the one released file with this ending. */
export async function released(ending: string): Promise<string> {
  const found = (await readdir(RELEASE)).filter((name) => name.endsWith(ending));
  if (found.length !== 1) throw new Error(`${found.length} files end with ${ending}`);
  return join(RELEASE, ...found);
}

/** Makes an image of what the released one needs of its base: Node with its libraries, and the user `node`. */
async function makeBase(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-base-"));
  try {
    const node = await nodeBinary(24);
    const { stdout } = await run("ldd", [node]);
    const libraries = [...stdout.matchAll(/\/\S+/g)].map(([path]) => [path, path] as const);
    for (const [from, to] of [[node, "/usr/local/bin/node"] as const, ...libraries]) {
      await mkdir(dirname(join(folder, to)), { recursive: true });
      await copyFile(from, join(folder, to));
    }
    await mkdir(join(folder, "etc"));
    await writeFile(join(folder, "etc/passwd"), PASSWD);
    const archive = `${folder}.tar`;
    await run("tar", ["-C", folder, "--owner=0", "--group=0", "--mode=u=rwX,go=rX", "-cf", archive, "."]);
    await podman("import", "--quiet", "--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", archive, BASE);
    await rm(archive);
  } finally {
    await rm(folder, { recursive: true });
  }
}
