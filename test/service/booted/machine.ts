import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, lstatSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeBinary } from "../../../scripts/install-once.mjs";
import { createControlGroup, type ControlGroup } from "./cgroup.ts";
import { copyRootfs } from "./rootfs.ts";
import { placeScripts } from "./scripts.ts";

/** The result of a command in the machine. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The user for the tests of user services: its id, name and group. */
export const USER = { id: 1000, name: "alice" } as const;

const NODE = 22;
const BOOT_MS = 60_000;
const COMMAND_MS = 60_000;
const CHECK_MS = 50;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
let machines = 0;

/**
 * A Debian of its own in a folder, booted by systemd-nspawn: own processes, mounts, users and network (with nothing but
 * loopback), the kernel of this machine.
 */
export class Machine {
  /** Its file system, seen from outside, without the machine's own mounts. */
  readonly root: string;
  readonly #folder: string;
  readonly #node: string;
  #group: ControlGroup | undefined;
  #nspawn: ChildProcess | undefined;
  #leader = 0;

  private constructor(folder: string, root: string, node: string) {
    this.#folder = folder;
    this.root = root;
    this.#node = node;
  }

  /** Creates a machine that is not booted, with the bundle and the test's programs (scripts.ts). */
  static async create(): Promise<Machine> {
    const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-machine-"));
    try {
      const root = await copyRootfs(folder);
      await placeScripts(root);
      return new Machine(folder, root, await nodeBinary(NODE));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Boots it and waits until every unit that starts at boot has. @throws Error with the console's last lines */
  async boot(): Promise<void> {
    machines += 1;
    const name = `openclaw-shim-${process.pid}-${machines}`;
    this.#group = await createControlGroup(machines);
    const console = openSync(join(this.#folder, "console.log"), "w");
    const enter = this.#group.joins.map((file) => `echo $$ > ${file}`).join(" && ");
    this.#nspawn = spawn("sh", ["-c", `${enter} && exec "$@"`, "sh", ...this.#command(name)], {
      stdio: ["ignore", console, console],
      // Only version 2 of control groups, as on current machines.
      env: { PATH, UNIFIED_CGROUP_HIERARCHY: "1" },
    });
    closeSync(console);
    const deadline = performance.now() + BOOT_MS;
    while (!(await this.#isUp())) {
      if (this.#nspawn.exitCode !== null || performance.now() > deadline) {
        throw new Error(`the machine did not boot: ${this.#console()}`);
      }
      await sleep(CHECK_MS);
    }
    const { stdout } = await this.attempt(["systemctl", "is-system-running", "--wait"]);
    if (!/^(running|degraded)$/.test(stdout.trim()))
      throw new Error(`the machine is ${stdout}: ${this.#console()}`);
  }

  /** Shuts it down; its files stay. */
  async powerOff(): Promise<void> {
    const ended = this.#nspawn && once(this.#nspawn, "exit", { signal: AbortSignal.timeout(BOOT_MS) });
    await this.run(["systemctl", "--no-block", "poweroff"]);
    await ended;
    await this.#release();
  }

  /** Kills it and removes its files. */
  async close(): Promise<void> {
    await this.#release();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Runs a command as root, or as the user. @returns its stdout @throws Error with its output, if it fails */
  async run(command: readonly string[], as: "root" | "user" = "root"): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(command, as);
    if (code !== 0) throw new Error(`${command.join(" ")}: exit ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs a command that may fail. */
  async attempt(command: readonly string[], as: "root" | "user" = "root"): Promise<Said> {
    const child = this.start(command, as);
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const timer = setTimeout(() => child.kill("SIGKILL"), COMMAND_MS);
    const [code] = (await once(child, "close")) as [number | null];
    clearTimeout(timer);
    return { code, stdout, stderr };
  }

  /** Starts a command; it ends with the machine at the latest. */
  start(command: readonly string[], as: "root" | "user" = "root"): ChildProcess {
    const user = ["setpriv", `--reuid=${USER.id}`, `--regid=${USER.id}`, "--init-groups", "--"];
    const env =
      as === "root"
        ? ["HOME=/root", "USER=root"]
        : [`HOME=/home/${USER.name}`, `USER=${USER.name}`, `XDG_RUNTIME_DIR=/run/user/${USER.id}`];
    const inside = ["env", "-i", `PATH=${PATH}`, "LANG=C.UTF-8", ...env, ...command];
    const enter = ["--target", String(this.#leader), "--all", "--wd=/", "--", ...(as === "root" ? [] : user)];
    return spawn("nsenter", [...enter, ...inside], { stdio: ["pipe", "pipe", "pipe"] });
  }

  #command(name: string): string[] {
    return [
      "systemd-nspawn",
      "--quiet",
      `--directory=${this.root}`,
      `--machine=${name}`,
      "--boot",
      // There may be no systemd on this machine that could know of it.
      "--register=no",
      "--keep-unit",
      "--private-network",
      "--resolv-conf=off",
      "--timezone=off",
      "--link-journal=no",
      // Unless the test installed Debian's. The first boot leaves an empty file, at which it was mounted.
      ...(lstatSync(join(this.root, "usr/bin/node"), { throwIfNoEntry: false })?.size
        ? []
        : [`--bind-ro=${this.#node}:/usr/bin/node`]),
      // IPAddressDeny= and SocketBindDeny= are BPF programs; the others are there so that the sandbox can take them.
      "--capability=CAP_BPF,CAP_PERFMON,CAP_SYS_TIME,CAP_SYSLOG,CAP_SYS_RAWIO",
      "--system-call-filter=bpf perf_event_open",
    ];
  }

  async #isUp(): Promise<boolean> {
    const children = readFileSync(`/proc/${this.#nspawn?.pid}/task/${this.#nspawn?.pid}/children`, "utf8");
    const leader = children
      .trim()
      .split(" ")
      .map(Number)
      .find((pid) => commandOf(pid) === "systemd");
    if (leader === undefined) return false;
    this.#leader = leader;
    return (await this.attempt(["test", "-S", "/run/systemd/private"])).code === 0;
  }

  async #release(): Promise<void> {
    await this.#group?.remove();
    this.#group = undefined;
    this.#nspawn = undefined;
  }

  #console(): string {
    return readFileSync(join(this.#folder, "console.log"), "utf8").slice(-2_000);
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
