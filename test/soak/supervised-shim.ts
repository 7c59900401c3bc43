import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { BUNDLE } from "../gateway/shim-process.ts";

/** Starts the shim again whenever it has ended, with the same socket as descriptor 3, as systemd does. */
const SUPERVISOR = `while :; do
  sh -c 'echo "{\\"pid\\":$$}"; LISTEN_FDNAMES=openclaw-shim LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh "$@"
done`;

/** A shim that is supervised, with a socket that outlives it. */
export interface SupervisedShim {
  readonly url: string;
  /** Outcomes of all processes so far, by name. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Resident memory of the running process in MiB; 0 while there is none. */
  rssMiB(): number;
  /** Sends SIGTERM; resolves when the next process listens. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startSupervisedShim(gatewayUrl: string, home: string): Promise<SupervisedShim> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line no-underscore-dangle -- Node tells the descriptor of a server nowhere else
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const { port } = server.address() as { readonly port: number };
  const command = [process.execPath, BUNDLE, "run", "--gateway", gatewayUrl];
  const child = spawn("/bin/sh", ["-c", SUPERVISOR, "sh", ...command], {
    env: { HOME: home, PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "inherit", fd],
    detached: true,
  });
  // Else this process would accept connections, too.
  server.close();
  if (!child.stdout) throw new Error("no stdout");
  const outcomes: Record<string, number> = {};
  const started = new EventEmitter();
  const nextStart = (): Promise<unknown> =>
    once(started, "listening", { signal: AbortSignal.timeout(30_000) });
  let pid = 0;
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (text) => {
    const line = JSON.parse(text) as { pid?: number; event?: string; outcome?: string };
    if (line.pid !== undefined) ({ pid } = line as { pid: number });
    if (line.event === "listening") started.emit("listening");
    if (line.outcome !== undefined) outcomes[line.outcome] = (outcomes[line.outcome] ?? 0) + 1;
  });
  await nextStart();
  return {
    url: `ws://127.0.0.1:${port}`,
    outcomes,
    rssMiB() {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
      } catch {
        return 0;
      }
    },
    async restart() {
      const listening = nextStart();
      process.kill(pid, "SIGTERM");
      await listening;
    },
    async close() {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      process.kill(pid, "SIGTERM");
      await closed;
    },
  };
}
