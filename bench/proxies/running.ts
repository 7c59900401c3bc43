import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuMicros, residentKb, withChildren } from "../accounting.ts";
import { systemPath, type ProxyProgram } from "./program.ts";

const START_MS = 20_000;
const POLL_MS = 1;
const STOP_MS = 5_000;
const CONNECTED = '"outcome":"connected"';

/** A running proxy process. */
export class RunningProxy {
  readonly name: string;
  readonly port: number;
  /** Milliseconds from spawn to the first accepted connection. */
  readonly startMs: number;
  readonly #child: ChildProcess;
  readonly #dir: string;
  #connected = 0;
  #unread = Buffer.alloc(0);

  private constructor(name: string, port: number, startMs: number, child: ChildProcess, dir: string) {
    this.name = name;
    this.port = port;
    this.startMs = startMs;
    this.#child = child;
    this.#dir = dir;
  }

  static async start(program: ProxyProgram, gateway: number): Promise<RunningProxy> {
    const dir = mkdtempSync(join(tmpdir(), "openclaw-shim-bench-"));
    const listen = await freePort();
    const [file, ...args] = program.command({ listen, gateway, dir });
    const stderr: Buffer[] = [];
    const started = performance.now();
    const child = spawn(file, args, { env: systemPath(), stdio: ["ignore", "pipe", "pipe"] });
    const end = (): void => void child.kill();
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    let running: RunningProxy | undefined;
    child.stdout.on("data", (chunk: Buffer) => {
      if (running) running.#count(chunk);
    });
    while (!(await accepts(listen))) {
      if (child.exitCode === null && performance.now() - started < START_MS) continue;
      child.kill();
      throw new Error(`${program.name} does not accept connections: ${Buffer.concat(stderr).toString()}`);
    }
    const startMs = performance.now() - started;
    running = new RunningProxy(program.name, listen, startMs, child, dir);
    return running;
  }

  /** CPU time of all threads and workers so far, in microseconds. */
  get cpu(): number {
    return cpuMicros(withChildren(this.#child.pid ?? 0));
  }

  /** Resident memory in kB; for nginx, of its worker only. */
  get resident(): number {
    return residentKb(withChildren(this.#child.pid ?? 0).slice(-1));
  }

  /** Number of `connected` outcomes logged. */
  get connectedOutcomes(): number {
    return this.#connected;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const deadline = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(deadline);
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #count(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#unread, chunk]);
    for (let at = bytes.indexOf(CONNECTED); at !== -1; at = bytes.indexOf(CONNECTED, at + 1)) {
      this.#connected += 1;
    }
    // Keeps what may be the start of a match that is split between chunks, but no complete match.
    this.#unread = bytes.subarray(Math.max(0, bytes.length - CONNECTED.length + 1));
  }
}

/** Returns a free port: nginx and HAProxy do not report a port chosen by the system. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Tries to connect once, after a pause too short to matter. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    }, POLL_MS);
  });
}
