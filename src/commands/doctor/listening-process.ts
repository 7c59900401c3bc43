import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { printable } from "../../text/printable.ts";

/** A process that listens on a port of this machine. */
export interface ListeningProcess {
  readonly pid: number;
  /** The name of its program, such as `node` or `bun`; the whole command line may hold secrets. */
  readonly program: string;
  /** What it calls itself, such as `openclaw-gateway`. */
  readonly name: string;
}

/** `LISTEN` in the `st` column of /proc/net/tcp (Linux include/net/tcp_states.h). */
const LISTEN = "0A";

/** TASK_COMM_LEN of the kernel, without the NUL. */
const COMM_BYTES = 15;

/**
 * Finds who listens on a TCP port. Linux only, and only a process that this user may look into, in the same PID and
 * network namespace.
 * @returns undefined where it cannot be told
 */
export function findListeningProcess(port: number): ListeningProcess | undefined {
  const inodes = new Set([...listeningInodes("tcp", port), ...listeningInodes("tcp6", port)]);
  if (inodes.size === 0) return undefined;
  for (const entry of entries("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const folder = `/proc/${entry}`;
    const holds = entries(`${folder}/fd`).some((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/fd/${fd}`) ?? "") ?? [];
      return inode !== undefined && inodes.has(inode);
    });
    if (holds) return describe(Number(entry), folder);
  }
  return undefined;
}

// proc_pid_net(5): a heading, then `sl local_address rem_address st … inode` with addresses and ports in hex.
function listeningInodes(table: "tcp" | "tcp6", port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return (contentOf(`/proc/net/${table}`) ?? "").split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, local, , state] = fields;
    const inode = fields[9];
    return state === LISTEN && local?.endsWith(`:${hex}`) && inode !== undefined ? [inode] : [];
  });
}

function describe(pid: number, folder: string): ListeningProcess {
  const exe = linkOf(`${folder}/exe`) ?? "";
  return {
    pid,
    program: printable(basename(exe.replace(/ \(deleted\)$/, "")), 40),
    name: printable(nameOf(folder), 40),
  };
}

/**
 * Its name: the kernel's own has at most 15 bytes (proc_pid_comm(5)). A program that gave itself a longer one, as
 * `process.title` does, has it whole at the start of its command line, of which nothing else is read: it may hold secrets.
 */
function nameOf(folder: string): string {
  const name = (contentOf(`${folder}/comm`) ?? "").trim();
  if (Buffer.byteLength(name) < COMM_BYTES) return name;
  const [, whole] = /^(?:[^\0 ]*\/)?([\w.-]+)(?=[\0 ]|$)/.exec(contentOf(`${folder}/cmdline`) ?? "") ?? [];
  return whole?.startsWith(name) ? whole : name;
}

/** Nothing for what is gone by now, or is not for this user. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
