import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { isRecord } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";
import { errorCode } from "./error.ts";

const CONNECT_MS = 1_000;

/** Where to look for a gateway that uses a state directory. */
export interface Whereabouts {
  /** Its real path. */
  readonly stateDir: string;
  /** The `openclaw.json` of that state directory, and the one that the environment names. */
  readonly configPaths: readonly string[];
  /** Folders for temporary files: where gateways up to 2026.8 keep their locks. */
  readonly temporaryFolders: readonly string[];
  readonly gateway: { readonly host: string; readonly port: number };
}

/**
 * Looks for a gateway that uses the state directory: by OpenClaw's own lock (`src/infra/gateway-lock.ts`), which is
 * `TMPDIR/openclaw-UID/gateway.HASH.lock` and, in 2026.9, `STATE_DIR/tmp/openclaw-UID/gateway.*.lock`, and by its port:
 * a gateway with `OPENCLAW_ALLOW_MULTI_GATEWAY=1` or another TMPDIR has no lock to be found. One in another PID and
 * network namespace is not seen.
 * @returns what was found and what to do, as one line; undefined when there is none
 */
export async function findGateway(where: Whereabouts): Promise<string | undefined> {
  return liveLock(where) ?? (await listener(where));
}

function liveLock({ stateDir, configPaths, temporaryFolders }: Whereabouts): string | undefined {
  const own = join(stateDir, "tmp");
  for (const folder of new Set([own, ...temporaryFolders])) {
    for (const path of locksIn(folder)) {
      const lock = readLock(path);
      if (!lock || !isAlive(lock)) continue;
      const uses =
        folder === own ||
        configPaths.includes(lock.configPath) ||
        real(dirname(lock.configPath)) === stateDir;
      if (!uses) continue;
      return (
        `the gateway with pid ${lock.pid} uses ${printable(stateDir)} (lock ${printable(path)}); stop it first, or let it ` +
        "pair the device: openclaw devices approve, or the shim's --approve seen"
      );
    }
  }
  return undefined;
}

function locksIn(folder: string): string[] {
  return entries(folder)
    .filter((name) => /^openclaw(?:-\d+)?$/.test(name))
    .map((name) => join(folder, name))
    .flatMap((locks) =>
      entries(locks)
        .filter((name) => /^gateway\.[^/]+\.lock$/.test(name))
        .map((name) => join(locks, name)),
    );
}

/** Nothing for a folder that is not there, or that only another user may look into. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

interface Lock {
  readonly pid: number;
  readonly configPath: string;
  /** Field 22 of `/proc/PID/stat` of its owner, on Linux. */
  readonly startTime: number | undefined;
}

function readLock(path: string): Lock | undefined {
  try {
    const lock: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!isRecord(lock)) return undefined;
    const { pid, configPath, startTime } = lock;
    if (typeof pid !== "number" || !Number.isInteger(pid) || pid <= 0 || typeof configPath !== "string") {
      return undefined;
    }
    return { pid, configPath, startTime: typeof startTime === "number" ? startTime : undefined };
  } catch {
    return undefined;
  }
}

/** Whether the owner of a lock lives; its pid may be another process's by now, which the start time tells. */
function isAlive({ pid, startTime }: Lock): boolean {
  try {
    process.kill(pid, 0); // sends nothing: kill(2)
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
  }
  const now = startTimeOf(pid);
  return now === undefined || startTime === undefined || now === startTime;
}

// proc_pid_stat(5): the name in parentheses may hold spaces and parentheses itself.
function startTimeOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[19]);
    return Number.isInteger(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

async function listener({ stateDir, gateway: { host, port } }: Whereabouts): Promise<string | undefined> {
  if (!(await isAnswered(host, port))) return undefined;
  return (
    `something listens on ${host} port ${port}, where the gateway of ${printable(stateDir)} would; stop it first, or, if it ` +
    "is another one, say where this one's would listen: --gateway ws://127.0.0.1:PORT"
  );
}

/** Whether a connection is taken. One that hangs counts: only who listens, with a full backlog, leaves it hanging. */
function isAnswered(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answered: boolean): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(answered);
    };
    const deadline = setTimeout(() => settle(true), CONNECT_MS);
    socket.on("connect", () => settle(true));
    socket.on("error", () => settle(false));
  });
}
