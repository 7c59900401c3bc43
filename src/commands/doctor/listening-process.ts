import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** A process that listens on a port of this machine. */
export type ListeningProcess = ReturnType<typeof readProcess>;

/**
 * Finds the process that listens on a TCP port. Linux only, for processes that this user may inspect, in the same PID
 * and network namespace.
 */
export function findListeningProcess(port: number): ListeningProcess | undefined {
  const links = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => socketLinks(table, port)));
  if (links.size === 0) return undefined;
  const processes = namesIn("/proc").filter((name) => /^\d+$/.test(name));
  const pid = processes.find((name) =>
    namesIn(`/proc/${name}/fd`).some((fd) => links.has(linkOf(`/proc/${name}/fd/${fd}`))),
  );
  return pid === undefined ? undefined : readProcess(pid);
}

// proc_pid_net(5): a heading, then `sl local_address rem_address st … inode` with addresses and ports in hex. The state
// 0A is LISTEN (Linux include/net/tcp_states.h).
function socketLinks(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return textOf(table)
    .split("\n")
    .flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      return state === "0A" && local?.endsWith(`:${hex}`) ? `socket:[${inode}]` : [];
    });
}

function readProcess(pid: string) {
  // Only the first word of the command line: the rest may hold secrets.
  const [, title = ""] = /^(?:[^\0 ]*\/)?([\w.-]+)(?=[\0 ]|$)/.exec(textOf(`/proc/${pid}/cmdline`)) ?? [];
  const program = basename(linkOf(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""));
  const names = new Set([title, program].filter((name) => name !== ""));
  return {
    /** `node` or `bun`. */
    program,
    /** What it calls itself, and its program: `openclaw-gateway, node (pid 4711)`. */
    shown: `${[...names].join(", ") || "a process"} (pid ${pid})`,
  };
}

const namesIn = (path: string): string[] => attempt(() => readdirSync(path), []);
const linkOf = (path: string): string => attempt(() => readlinkSync(path), "");
const textOf = (path: string): string => attempt(() => readFileSync(path, "utf8"), "");

/** A process may end while it is read, or belong to another user. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
