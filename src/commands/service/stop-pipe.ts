import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { freshId } from "../../net/fresh-id.ts";
import { NAME } from "./service-settings.ts";

// Windows has no SIGTERM: what ends a process there ends it at once. So the shim of a Scheduled Task listens on a named
// pipe, whose name is in a file of the user's own folder. libuv creates it without a security descriptor (src/win/pipe.c):
// every user can then connect to it to read, but only its user, administrators and the system can write to it (Microsoft,
// Named Pipe Security and Access Rights).

/** For a client that has connected to write. */
const WRITE_MS = 1_000;
const CONNECT_MS = 2_000;

/**
 * Listens for a request to stop, until the process ends.
 *
 * @param control the file that gets the pipe's name, for `stopRunning`
 * @returns `requested` resolves at the first request
 */
export async function listenForStop(control: string): Promise<{ readonly requested: Promise<undefined> }> {
  // Elsewhere, in tests, a Unix domain socket.
  const folder = process.platform === "win32" ? "\\\\.\\pipe" : dirname(control);
  const pipe = join(folder, `${NAME}-${process.pid}-${freshId()}`);
  const server = createServer().unref();
  const requested = new Promise<undefined>((resolve) => {
    server.on("connection", (socket) => {
      socket.unref().setTimeout(WRITE_MS, () => socket.destroy());
      // From now on the connection stays open: its end is that of the process.
      socket.on("error", () => {}).once("data", () => resolve(void socket.setTimeout(0)));
    });
  });
  server.listen(pipe);
  await once(server, "listening");
  writeFileSync(control, pipe, { mode: 0o600 });
  return { requested };
}

/** Returns the process id of the shim that listens for a request to stop; undefined if none runs. */
export async function findRunning(control: string): Promise<number | undefined> {
  const found = await connected(control);
  found?.socket.destroy();
  return found?.pid;
}

/**
 * Asks the running shim to drain, and waits until its process has ended.
 *
 * @returns false if none runs
 * @throws Error if it has not ended after `ms`
 */
export async function stopRunning(control: string, ms: number): Promise<boolean> {
  const found = await connected(control);
  if (!found) return false;
  const { pid, socket } = found;
  const ended = once(socket, "close", { signal: AbortSignal.timeout(ms) });
  socket.resume().write("stop");
  try {
    await ended;
  } catch (error) {
    // The end of a process may also reset the connection.
    if (!(error instanceof Error) || error.name !== "AbortError") return true;
    const text = `openclaw-shim (pid ${pid}) has not stopped; end it, then try again: taskkill /f /pid ${pid}`;
    throw new Error(text, { cause: error });
  } finally {
    socket.destroy();
  }
  return true;
}

async function connected(control: string): Promise<{ pid: number; socket: Socket } | undefined> {
  if (!existsSync(control)) return undefined;
  const pipe = readFileSync(control, "utf8");
  const pid = Number(/-(\d+)-[^/\\]*$/.exec(pipe)?.[1]);
  // After a crash another user could create a pipe of that name, and so keep the shim from starting.
  if (!isOwnProcess(pid)) return undefined;
  const socket = connect(pipe);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_MS) });
  } catch {
    socket.destroy();
    return undefined;
  }
  socket.on("error", () => {});
  return { pid, socket };
}

function isOwnProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0); // sends no signal; of another user's process it fails
  } catch {
    return false;
  }
}
