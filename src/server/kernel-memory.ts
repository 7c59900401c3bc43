import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { dirname, join } from "node:path";
import { refuse, type Refusal } from "../errors.ts";
import type { Connections } from "./connections.ts";
import { kernelChecks, UNWATCHED_CONNECTIONS } from "./slots.ts";

const MOUNT = "/sys/fs/cgroup";
/** Part of the memory limit that socket buffers may use; the shim's own buffers need the rest. */
const SHARE = 1 / 4;
const CHECK_MS = 50;
/** From half of the share on; longer if the kernel's tables are large. */
const CLOSE_CHECK_MS = 10;
/** Part of the time that such checks may take. */
const CLOSE_CHECK_TIME = 1 / 5;
/** A connection with less in its queues is being read, in bytes. */
const QUEUED = 64 * 1024;
const MIB = 1024 * 1024;

/** The nearest control group with a memory limit, in bytes. */
interface LimitedGroup {
  readonly folder: string;
  readonly limit: number;
}

/** What was known of an open connection at the last check. */
interface Progress {
  readonly socket: Socket;
  readonly isSafe: boolean;
  /** Bytes in the kernel's queues of both its ends. */
  readonly queued: number;
  /** Bytes that the client and the gateway have taken, or sent and the shim has read. */
  readonly moved: number;
  /** Since when `moved` has not changed, in ms of `performance.now()`. */
  readonly since: number;
}

/**
 * Keeps the kernel's socket buffers below their share of the memory limit. In control groups of version 2 they count
 * towards it, and on Linux a connection that is not read may hold 5 MB: without this, a few hundred clients that read
 * nothing have the shim killed (CWE-770). Resets connections whose data is not read: a normal close would leave it in
 * the kernel for minutes. First those that have not authenticated, then those that have not moved for the longest time.
 *
 * @param onReset is called with the reason for each connection that is reset
 */
export function watchKernelMemory(connections: Connections, onReset: (why: Refusal) => void): void {
  const group = limitedGroup();
  let accepted = 0;
  let isClose = false;
  let timer: NodeJS.Timeout | undefined;
  let progress = new Map<Socket, Progress>();
  const start = (ms = CHECK_MS): void => {
    if (group) timer ??= setTimeout(checkNow, ms).unref();
  };
  const checkNow = (): void => {
    if (group) check(group);
  };

  function check({ folder, limit }: LimitedGroup): void {
    clearTimeout(timer);
    timer = undefined;
    const startedAt = performance.now();
    const share = limit * SHARE;
    const buffered = bufferedIn(folder);
    isClose = buffered > share / 2;
    if (isClose) {
      for (const socket of connections.sockets()) socket.destroySoon = endOnly;
      noteProgress(startedAt);
      if (buffered > share)
        resetUnread(buffered - share / 2, refuse("memory_limit", `${Math.round(limit / MIB)} MiB`));
    } else progress.clear();
    const isNeeded = connections.size > (isClose ? 0 : UNWATCHED_CONNECTIONS);
    if (isNeeded) kernelChecks.add(checkNow);
    else kernelChecks.delete(checkNow);
    const tookMs = performance.now() - startedAt;
    if (isNeeded) start(isClose ? Math.max(CLOSE_CHECK_MS, tookMs / CLOSE_CHECK_TIME) : CHECK_MS);
  }

  function noteProgress(now: number): void {
    const queues = queuedBytes();
    const sockets = connections.sockets();
    progress = new Map(sockets.map((socket) => [socket, progressOf(socket, queues, now)]));
  }

  function resetUnread(bytes: number, why: Refusal): void {
    const unread = [...progress.values()].filter(({ queued }) => queued >= QUEUED);
    unread.sort((a, b) => Number(a.isSafe) - Number(b.isSafe) || a.since - b.since || b.queued - a.queued);
    let rest = bytes;
    for (const { socket, queued } of unread) {
      if (rest <= 0) return;
      rest -= queued;
      const slot = connections.slots.of(socket);
      for (const end of [slot?.gateway, socket]) {
        // Node cannot reset TLS.
        if (end && "encrypted" in end) end.destroy();
        else end?.resetAndDestroy();
      }
      slot?.evict(why);
      connections.dropped += 1;
      onReset(why);
    }
  }

  function progressOf(socket: Socket, queues: ReturnType<typeof queuedBytes>, now: number): Progress {
    let [queued, moved] = [0, 0];
    const slot = connections.slots.of(socket);
    for (const end of [socket, slot?.gateway]) {
      if (!end) continue;
      const { sending, received } = queues.get(keyOf(end)) ?? { sending: 0, received: 0 };
      queued += sending + received;
      moved += end.bytesRead + end.bytesWritten - end.writableLength - sending;
    }
    const before = progress.get(socket);
    const since = before?.moved === moved ? before.since : now;
    return { socket, isSafe: slot?.isSafe() ?? false, queued, moved, since };
  }

  connections.onOpen =
    group &&
    ((socket) => {
      accepted += 1;
      if (accepted % UNWATCHED_CONNECTIONS === 0) start();
      if (isClose) socket.destroySoon = endOnly;
    });
  start();
}

/**
 * Ends the shim's side only. When the client ends its own, Node closes the socket; else it can still be reset, while the
 * kernel would store for minutes what a closed socket has not sent.
 */
function endOnly(this: Socket): void {
  this.end();
}

/** Returns the nearest control group of version 2 that has a memory limit; undefined if there is none. */
function limitedGroup(): LimitedGroup | undefined {
  const [, path] = /^0::(.*)$/m.exec(textOf("/proc/self/cgroup")) ?? [];
  if (path === undefined) return undefined;
  for (let folder = join(MOUNT, path); folder.startsWith(MOUNT); folder = dirname(folder)) {
    const limit = Number.parseInt(textOf(join(folder, "memory.max")), 10);
    if (limit > 0) return { folder, limit };
  }
  return undefined;
}

/** Returns the bytes of all socket buffers in a control group. */
function bufferedIn(folder: string): number {
  return Number(/^sock (\d+)$/m.exec(textOf(join(folder, "memory.stat")))?.[1] ?? 0);
}

/** Returns the bytes in the queues of each TCP socket, from the kernel's tables (proc_pid_net(5)). */
function queuedBytes(): Map<string, { sending: number; received: number }> {
  const row = /:(\w{4}) \w+:(\w{4}) \w\w (\w{8}):(\w{8})/g;
  const tables = ["tcp", "tcp6"].map((name) => textOf(`/proc/self/net/${name}`)).join("");
  const queues = new Map<string, { sending: number; received: number }>();
  for (const [, local, remote, sending = "", received = ""] of tables.matchAll(row)) {
    const bytes = { sending: Number.parseInt(sending, 16), received: Number.parseInt(received, 16) };
    queues.set(`${local}:${remote}`, bytes);
  }
  return queues;
}

/** Returns a socket's ports as the kernel's tables show them. */
function keyOf({ localPort = 0, remotePort = 0 }: Socket): string {
  return [localPort, remotePort].map((port) => port.toString(16).toUpperCase().padStart(4, "0")).join(":");
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
