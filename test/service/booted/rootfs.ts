import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { INSTALLS } from "../../../scripts/install-once.mjs";

const run = promisify(execFile);

const INCLUDE = "systemd,systemd-sysv,dbus,iproute2,libpam-systemd,libbpf1";
/** Folders that the tests do not need; without them a copy takes a second. */
const UNNEEDED = ["var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"];
const DEBOOTSTRAP_MS = 8 * 60_000;

/**
 * The folder of a minimal Debian with systemd, made by debootstrap the first time (a minute or two) and kept under
 * `.openclaw/`. `OPENCLAW_SHIM_SUITE` names another release of Debian.
 *
 * @throws Error if the user is not root, or with debootstrap's output
 */
export async function rootfs(): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error("a booted systemd needs root: sudo npm run test:service");
  const suite = process.env["OPENCLAW_SHIM_SUITE"] ?? "trixie";
  const folder = join(INSTALLS, "rootfs", suite);
  if (await exists(join(folder, "complete"))) return join(folder, "root");
  await installTools();
  await mkdir(join(INSTALLS, "rootfs"), { recursive: true });
  const temporary = await mkdtemp(join(INSTALLS, "rootfs", `.${suite}-`));
  try {
    note(`debootstrap ${suite} …`);
    const root = join(temporary, "root");
    const args = ["--variant=minbase", `--include=${INCLUDE}`, suite, root];
    await run("debootstrap", args, { timeout: DEBOOTSTRAP_MS, maxBuffer: 64 * 1024 * 1024 });
    for (const path of UNNEEDED) await rm(join(root, path), { recursive: true, force: true });
    await writeFile(join(temporary, "complete"), "");
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    note(`debootstrap ${suite}: done`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return join(folder, "root");
}

/** A copy of it in a folder of its own, for one machine. */
export async function copyRootfs(folder: string): Promise<string> {
  const root = join(folder, "root");
  // Keeps owners, device nodes and extended attributes, which fs.cp does not.
  await run("cp", ["--archive", "--reflink=auto", await rootfs(), root]);
  return root;
}

async function installTools(): Promise<void> {
  if ((await exists("/usr/sbin/debootstrap")) && (await exists("/usr/bin/systemd-nspawn"))) return;
  note("apt-get install debootstrap systemd-container …");
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, maxBuffer: 64 * 1024 * 1024 };
  await run("apt-get", ["update"], options);
  await run(
    "apt-get",
    ["install", "-y", "--no-install-recommends", "debootstrap", "systemd-container"],
    options,
  );
}

function note(line: string): void {
  process.stderr.write(`[service] ${line}\n`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
