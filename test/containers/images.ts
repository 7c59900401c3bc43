import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { INSTALLS, nodeBinary } from "../../scripts/install-once.mjs";
import { installOpenClaw, type OpenClaw } from "../gateway/openclaw.ts";
import { chosenVersions, NEWEST } from "../gateway/releases.ts";
import { podman, ROOT } from "../release/release.ts";
import { rootfs } from "../service/booted/rootfs.ts";

const run = promisify(execFile);

/** The base that microvm/Dockerfile names. */
export const BASE = "docker.io/library/node:24-bookworm-slim";
const USER = "node:x:1000:1000::/home/node:/bin/sh\n";
/** The gateway's environment in tests (test/gateway/home.ts). */
const QUIET = ["OPENCLAW_NO_RESPAWN=1", "OPENCLAW_SKIP_CHANNELS=1", "OPENCLAW_NO_AUTO_UPDATE=1"];

/** vitest's global setup: makes the images. Returns what removes them. */
export default async function setup(): Promise<() => Promise<unknown>> {
  const made: string[] = [];
  // The base of microvm/Dockerfile: a Debian with Node.js and the user `node`, if podman does not have the real one.
  if ((await podman("images", "--quiet", BASE)) === "") {
    await importImage(BASE, 24);
    made.push(BASE);
  }
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
  // Docker's format, because podman drops the health check from an OCI image.
  const options = [
    "--quiet",
    "--format=docker",
    "--pull=never",
    `--file=${join(ROOT, "microvm/Dockerfile")}`,
  ];
  const tags = ["latest", version].map((tag) => `localhost/openclaw-shim:${tag}`);
  await podman("build", ...options, ...tags.map((tag) => `--tag=${tag}`), ROOT);
  made.push(...tags);
  for (const release of new Set([...chosenVersions(), NEWEST])) {
    const openclaw = await installOpenClaw(release);
    await importImage(imageOf(release), openclaw.release.node, openclaw);
    made.push(imageOf(release));
  }
  return () => podman("rmi", "--force", ...made);
}

/** The image of OpenClaw from npm with its Node.js, as kubernetes.yaml names it: podman has it, and asks no registry. */
export function imageOf(version: string): string {
  return `registry.example.com/openclaw:${version}`;
}

/** Imports a Debian with Node.js, the user `node`, and OpenClaw. */
async function importImage(name: string, major: number, openclaw?: OpenClaw): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-image-"));
  try {
    const debian = await rootfs();
    await mkdir(join(folder, "usr/local/bin"), { recursive: true });
    const home = join(folder, "home/node");
    await mkdir(join(home, ".openclaw"), { recursive: true });
    await copyFile(await nodeBinary(major), join(folder, "usr/local/bin/node"));
    await writeFile(join(folder, "passwd"), (await readFile(join(debian, "etc/passwd"), "utf8")) + USER);
    const parts = ["-C", folder, "./usr/local/bin/node", "./passwd", "./home/node"];
    if (openclaw) {
      await writeFile(join(home, ".openclaw/openclaw.json"), JSON.stringify(openclaw.release.config));
      const entry = "/opt/openclaw/node_modules/openclaw/openclaw.mjs";
      await symlink(entry, join(folder, "usr/local/bin/openclaw"));
      parts.push("./usr/local/bin/openclaw", "-C", join(INSTALLS, openclaw.version), "./node_modules");
    }
    await run("chown", ["-R", "1000:1000", home]);
    const archive = join(folder, "image.tar");
    const moved = ["./passwd ./etc/passwd", "./node_modules ./opt/openclaw/node_modules"];
    const transforms = moved.map((one) => `--transform=s,^${one.replace(" ", ",")},S`);
    const left = ["--exclude=./etc/passwd", "--exclude=./dev/*"];
    await run("tar", ["-cf", archive, ...left, ...transforms, "-C", debian, ".", ...parts]);
    const changes = [
      "USER node",
      "ENV PATH=/usr/local/bin:/usr/bin:/bin",
      ...QUIET.map((one) => `ENV ${one}`),
    ];
    await podman("import", "--quiet", ...changes.flatMap((one) => ["--change", one]), archive, name);
  } finally {
    await rm(folder, { recursive: true });
  }
}
