import { writeSync } from "node:fs";
import type { Stdout } from "../log/logger.ts";

/**
 * Stdout or stderr. Node's stream takes 5 ms to make, so what is written before anything else of it is needed goes to the
 * descriptor. A reader that disconnects (EPIPE) does not end the process.
 */
export class Output implements Stdout {
  readonly fd: 1 | 2;
  #made: NodeJS.WriteStream | undefined;

  constructor(fd: 1 | 2) {
    this.fd = fd;
  }

  get isTTY(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number {
    return this.#stream.columns;
  }

  get writableLength(): number {
    return this.#stream.writableLength;
  }

  write(text: string, onWritten?: (error?: Error | null) => void): boolean {
    if (this.#made) return this.#made.write(text, onWritten);
    let rest = Buffer.from(text);
    try {
      // Only Node's stream writes Unicode to a console of Windows.
      while (rest.length > 0 && process.platform !== "win32") rest = rest.subarray(writeSync(this.fd, rest));
    } catch {
      // The stream waits for a reader (EAGAIN), and reports other errors.
    }
    return rest.length === 0 || this.#stream.write(rest, onWritten);
  }

  /** Resolves when all that was written is on its way, or after `ms`. */
  async flushed(ms: number): Promise<void> {
    const stream = this.#made;
    if (stream === undefined || stream.writableLength === 0 || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, ms);
      stream.write("", () => {
        clearTimeout(deadline);
        resolve();
      });
    });
  }

  get #stream(): NodeJS.WriteStream {
    this.#made ??= (this.fd === 1 ? process.stdout : process.stderr).on("error", () => {});
    return this.#made;
  }
}
