import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { parseAddress } from "../../net/ip-address.ts";
import { findWindowsListener } from "./windows-ports.ts";

/** A process that listens on a port of this machine. */
export type ListeningProcess = ReturnType<typeof readProcess>;

/**
 * Finds the process that listens on a TCP port: on Linux for processes that this user may inspect, in the same PID and
 * network namespace; on Windows; not on macOS.
 *
 * @param host an IP address: finds only what prevents another process from listening there
 */
export function findListeningProcess(port: number, host?: string): ListeningProcess | undefined {
  if (process.platform === "win32") return findWindowsListener(port);
  const links = new Set(socketsAt(port, host).map(({ link }) => link));
  if (links.size === 0) return undefined;
  const found = namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => namesIn(`/proc/${name}/fd`).some((fd) => links.has(linkOf(`/proc/${name}/fd/${fd}`))))
    .map(readProcess);
  // systemd keeps the socket of a service that it started by a connection.
  return found.find(({ program }) => program !== "systemd") ?? found[0];
}

/** Returns the uid of the user who listens on a TCP port of an IP address. Linux only; it needs no privilege. */
export function listeningUser(port: number, host: string): string | undefined {
  return socketsAt(port, host)[0]?.uid;
}

// proc_pid_net(5): a heading, then `sl local_address rem_address st … uid timeout inode` with addresses and ports in hex.
// The state 0A is LISTEN (Linux include/net/tcp_states.h).
function socketsAt(port: number, host?: string) {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => textOf(table).split("\n"));
  return lines.flatMap((line) => {
    const [, local = "", , state, , , , uid, , inode] = line.trim().split(/\s+/);
    const isThere = local.endsWith(end) && (host === undefined || overlap(local.slice(0, -end.length), host));
    return state === "0A" && isThere ? [{ link: `socket:[${inode}]`, uid }] : [];
  });
}

/** Returns true if one of two addresses, the first in the kernel's hex, is the other or is unspecified. */
function overlap(hex: string, host: string): boolean {
  const bytes = parseAddress(host)?.toByteArray() ?? [];
  // Words of four bytes in the order of the machine, which is little-endian on all that Node.js runs on but s390x.
  const words = bytes.map((_, at) => bytes[at - (at % 4) + 3 - (at % 4)] ?? 0);
  const own = words
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
  return own === hex || /^0+$/.test(own) || /^0+$/.test(hex);
}

function readProcess(pid: string) {
  // Only the first word of the command line: the rest may hold secrets.
  const [, title = ""] = /^(?:[^\0 ]*\/)?([\w.-]+)(?=[\0 ]|$)/.exec(textOf(`/proc/${pid}/cmdline`)) ?? [];
  const program = basename(linkOf(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""));
  const names = new Set([title, program].filter((name) => name !== ""));
  return {
    pid: Number(pid),
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
