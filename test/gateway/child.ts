import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

const LINE_LIMIT = 20_000;
const TAIL_LINES = 40;
const GRACE_MS = 5_000;

/** A command, and where to run it. */
export interface ChildSpec {
  /** For error messages. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [file: string, ...args: string[]];
  /** The complete environment: nothing is inherited. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** The network namespace to run it in, which needs root; by default, that of this process. */
  readonly namespace?: string | undefined;
}

/** How a child process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<ChildProcess>();
const endAll = (): void => {
  for (const child of running) child.kill("SIGKILL");
};
process.once("exit", endAll);
// A signal ends vitest's worker without an exit event. If vitest itself has ended, only the IPC channel closes.
process.once("disconnect", () => process.exit(1));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endAll();
    process.kill(process.pid, signal);
  });
}

/** A child process that records its output lines. It is killed when this process exits. */
export class Child {
  readonly #spec: ChildSpec;
  readonly #process: ChildProcess;
  readonly #changed = new EventEmitter<{ change: [] }>();
  readonly #lines: string[] = [];
  #exit: Exit | undefined;

  constructor(spec: ChildSpec, onStdout: (line: string) => void = () => {}) {
    const [file, ...args] = inNamespace(spec);
    this.#spec = spec;
    this.#process = spawn(file, args, { env: spec.env, cwd: spec.cwd, stdio: ["ignore", "pipe", "pipe"] });
    this.#changed.setMaxListeners(0);
    running.add(this.#process);
    this.#read(this.#process.stdout, onStdout);
    this.#read(this.#process.stderr);
    this.#process.on("error", (error) => this.#append(`cannot start: ${error.message}`));
    this.#process.on("close", (code, signal) => {
      running.delete(this.#process);
      this.#exit = { code, signal };
      this.#changed.emit("change");
    });
  }

  /** The lines of stdout and stderr. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Resolves with the first value that `probe` returns; it is called now and after every output line.
   * @throws Error with the last lines after `deadlineMs`, or if the process ends before
   */
  async until<T>(what: string, deadlineMs: number, probe: () => T | undefined): Promise<T> {
    return this.#wait(what, deadlineMs, () => {
      const value = probe();
      if (value === undefined && this.#exit !== undefined) throw this.#failure(`ended before ${what}`);
      return value;
    });
  }

  /** Resolves when the process has ended and its output is read. @throws Error with the last lines after `deadlineMs` */
  async exited(deadlineMs: number): Promise<Exit> {
    return this.#wait("its exit", deadlineMs, () => this.#exit);
  }

  /** Sends SIGTERM, and SIGKILL after 5 s. Resolves when the process has ended. */
  async stop(): Promise<Exit> {
    this.#process.kill("SIGTERM");
    const force = setTimeout(() => this.#process.kill("SIGKILL"), GRACE_MS);
    try {
      return await this.exited(2 * GRACE_MS);
    } finally {
      clearTimeout(force);
    }
  }

  /** Stops the process (SIGSTOP) until it is killed. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  /** Sends SIGKILL. Resolves when the process has ended. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.exited(GRACE_MS);
  }

  #read(stream: Readable | null, onLine: (line: string) => void = () => {}): void {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      onLine(line);
      this.#append(line);
    });
  }

  #append(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > LINE_LIMIT) this.#lines.splice(0, LINE_LIMIT / 2);
    this.#changed.emit("change");
  }

  async #wait<T>(what: string, deadlineMs: number, probe: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(deadline);
        this.#changed.off("change", check);
        end();
      };
      const check = (): void => {
        try {
          const value = probe();
          if (value !== undefined) settle(() => resolve(value));
        } catch (error) {
          settle(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      const deadline = setTimeout(
        () => settle(() => reject(this.#failure(`no ${what} within ${deadlineMs} ms`))),
        deadlineMs,
      );
      this.#changed.on("change", check);
      check();
    });
  }

  #failure(why: string): Error {
    const tail = this.#lines.slice(-TAIL_LINES).map((line) => `    ${line}`);
    const state =
      this.#exit === undefined ? "running" : `exit ${this.#exit.code ?? this.#exit.signal ?? "?"}`;
    return new Error([`${this.#spec.name} (${state}): ${why}. Last lines:`, ...tail].join("\n"));
  }
}

/** `ip netns exec` replaces itself with the program: signals and the exit code are the program's. */
function inNamespace({ command, namespace }: ChildSpec): ChildSpec["command"] {
  return namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
}
