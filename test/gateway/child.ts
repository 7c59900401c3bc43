import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

const KEPT_LINES = 20_000;
const TAIL_LINES = 40;
const GRACE_MS = 5_000;

/** What to start. */
export interface ChildSpec {
  /** For error messages. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [file: string, ...args: string[]];
  /** The whole environment: nothing is inherited. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** The network namespace to run it in, which takes root; absent: this process's own. */
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
// A signal ends vitest's worker without an exit event; where vitest itself was ended, only its channel closes.
process.once("disconnect", () => process.exit(1));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endAll();
    process.kill(process.pid, signal);
  });
}

/** A child process whose lines can be waited for. It never outlives this process. */
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
    this.#process.on("error", (error) => this.#keep(`cannot start: ${error.message}`));
    this.#process.on("close", (code, signal) => {
      running.delete(this.#process);
      this.#exit = { code, signal };
      this.#changed.emit("change");
    });
  }

  /** What it printed, on stdout and stderr, line by line. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Resolves with the first value that `probe` gives, asked now and after every line that the process prints.
   * @throws Error with the tail of the output after `deadlineMs`, or when the process ends before
   */
  async until<T>(what: string, deadlineMs: number, probe: () => T | undefined): Promise<T> {
    return this.#wait(what, deadlineMs, () => {
      const value = probe();
      if (value === undefined && this.#exit !== undefined) throw this.#failure(`ended before ${what}`);
      return value;
    });
  }

  /** Resolves when it has ended and its output is read. @throws Error with the tail of the output after `deadlineMs` */
  async exited(deadlineMs: number): Promise<Exit> {
    return this.#wait("its end", deadlineMs, () => this.#exit);
  }

  /** Asks it to end (SIGTERM), and ends it after 5 s. Done when it has ended. */
  async stop(): Promise<Exit> {
    this.#process.kill("SIGTERM");
    const force = setTimeout(() => this.#process.kill("SIGKILL"), GRACE_MS);
    try {
      return await this.exited(2 * GRACE_MS);
    } finally {
      clearTimeout(force);
    }
  }

  /** Has it do nothing more (SIGSTOP), until it is killed. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  /** Ends it without asking (SIGKILL). Done when it has ended. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.exited(GRACE_MS);
  }

  #read(stream: Readable | null, onLine: (line: string) => void = () => {}): void {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      onLine(line);
      this.#keep(line);
    });
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, KEPT_LINES / 2);
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
        () => settle(() => reject(this.#failure(`${what} did not come within ${deadlineMs} ms`))),
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
    return new Error([`${this.#spec.name} (${state}): ${why}. Its last lines:`, ...tail].join("\n"));
  }
}

/** `ip netns exec` becomes the program itself: signals and the exit code are the program's. */
function inNamespace({ command, namespace }: ChildSpec): ChildSpec["command"] {
  return namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
}
