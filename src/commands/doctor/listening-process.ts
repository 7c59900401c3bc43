import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** A process that listens on a port of this machine. */
export interface ListeningProcess {
  readonly pid: number;
  /** The name of its program, such as `node` or `bun`. The command line may hold secrets. */
  readonly program: string;
  /** Its own title, such as `openclaw-gateway`. */
  readonly name: string;
}

/** `LISTEN` in the `st` column of /proc/net/tcp (Linux include/net/tcp_states.h). */
const LISTEN = "0A";
/** TASK_COMM_LEN of the kernel, without the NUL. */
const COMM_BYTES = 15;

/**
 * Finds the process that listens on a TCP port. Linux only, for processes that this user may inspect, in the same PID
 * and network namespace.
 */
export function findListeningProcess(port: number): ListeningProcess | undefined {
  const links = new Set(["tcp", "tcp6"].flatMap((table) => socketLinks(table, port)));
  if (links.size === 0) return undefined;
  for (const pid of attempt(() => readdirSync("/proc"), []).filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    const owns = attempt(() => readdirSync(folder), []).some((fd) => links.has(linkOf(`${folder}/${fd}`)));
    if (owns) return describe(Number(pid));
  }
  return undefined;
}

/** Formats a process: `openclaw-gateway, node (pid 4711)`. */
export function describeProcess({ name, program, pid }: ListeningProcess): string {
  // Node 24 and later name the main thread of every program "MainThread".
  const shown = ["", "MainThread", program].includes(name) ? program : `${name}, ${program}`;
  return `${shown || "a process"} (pid ${pid})`;
}

// proc_pid_net(5): a heading, then `sl local_address rem_address st … inode` with addresses and ports in hex.
function socketLinks(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return contentOf(`/proc/net/${table}`)
    .split("\n")
    .flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      return state === LISTEN && local?.endsWith(`:${hex}`) ? `socket:[${inode}]` : [];
    });
}

function describe(pid: number): ListeningProcess {
  const program = basename(linkOf(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""));
  return { pid, program, name: nameOf(pid) };
}

/**
 * Returns the process's name. The kernel's has at most 15 bytes (proc_pid_comm(5)); a longer `process.title` is whole
 * at the start of the command line, of which nothing else is read.
 */
function nameOf(pid: number): string {
  const name = contentOf(`/proc/${pid}/comm`).trim();
  if (Buffer.byteLength(name) < COMM_BYTES) return name;
  const [, whole] = /^(?:[^\0 ]*\/)?([\w.-]+)(?=[\0 ]|$)/.exec(contentOf(`/proc/${pid}/cmdline`)) ?? [];
  return whole?.startsWith(name) ? whole : name;
}

const linkOf = (path: string): string => attempt(() => readlinkSync(path), "");
const contentOf = (path: string): string => attempt(() => readFileSync(path, "utf8"), "");

/** A process may end while it is read, or belong to another user. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
