import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { INSTALLS } from "../../scripts/install-once.mjs";

const run = promisify(execFile);

const APT_MS = 5 * 60_000;
const APT = {
  env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  timeout: APT_MS,
  maxBuffer: 64 * 1024 * 1024,
};
/** Files of a kernel package that the images do not need: modules. */
const UNNEEDED = ["lib/modules", "usr/lib/modules", "usr/share"];

let lists: Promise<unknown> | undefined;

/** Installs the packages of programs that are missing on this machine. @throws Error with apt-get's output */
export async function installTools(programs: Readonly<Record<string, string>>): Promise<void> {
  const found = await Promise.all(Object.keys(programs).map(exists));
  const missing = Object.values(programs).filter((_, index) => !found[index]);
  if (missing.length === 0) return;
  process.stderr.write(`[microvm] apt-get install ${missing.join(" ")} …\n`);
  await updateLists();
  await run("apt-get", ["install", "-y", "--no-install-recommends", ...missing], APT);
}

/** Downloads Debian's kernel for virtual machines. Returns its path. */
export async function cloudKernel(): Promise<string> {
  const folder = join(await unpack("linux-image-cloud-amd64", dependency), "boot");
  const name = (await readdir(folder)).find((file) => file.startsWith("vmlinuz-"));
  if (name === undefined) throw new Error(`${folder} has no kernel`);
  return join(folder, name);
}

/** Downloads a static busybox. Returns its path. */
export async function busybox(): Promise<string> {
  const folder = await unpack("busybox-static");
  const paths = ["usr/bin/busybox", "bin/busybox"].map((path) => join(folder, path));
  const found = await Promise.all(paths.map(exists));
  const path = paths.find((_, index) => found[index]);
  if (path === undefined) throw new Error(`${folder} has no busybox`);
  return path;
}

/** Unpacks a Debian package, without installing it, into a folder under `.openclaw/` that is reused. */
async function unpack(name: string, resolve = (same: string) => Promise.resolve(same)): Promise<string> {
  const folder = join(INSTALLS, "debian-packages", name);
  if (await exists(folder)) return folder;
  await updateLists();
  await mkdir(join(INSTALLS, "debian-packages"), { recursive: true });
  const temporary = await mkdtemp(join(INSTALLS, "debian-packages", `.${name}-`));
  try {
    await run("apt-get", ["download", await resolve(name)], { ...APT, cwd: temporary });
    const [file = ""] = await readdir(temporary);
    const root = join(temporary, "root");
    await run("dpkg", ["-x", join(temporary, file), root], APT);
    for (const path of UNNEEDED) await rm(join(root, path), { recursive: true, force: true });
    await rename(root, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

/** Returns the only dependency of a metapackage: the package with the files. */
async function dependency(name: string): Promise<string> {
  const { stdout } = await run("apt-cache", ["depends", name], APT);
  const found = /Depends: (\S+)/.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`apt-cache reports no dependency of ${name}: ${stdout}`);
  return found;
}

function updateLists(): Promise<unknown> {
  return (lists ??= run("apt-get", ["update"], APT));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
