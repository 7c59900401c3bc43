import type { Writable } from "node:stream";

/** `process.stdout`. */
export type Stdout = NodeJS.WriteStream & { readonly fd: number };

/**
 * Waits until what was written to a stream is on its way. A reader that does not read, or is gone, is not waited for
 * longer than `ms`.
 */
export async function flushed(stream: Writable, ms: number): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const deadline = setTimeout(resolve, ms);
    stream.write("", () => {
      clearTimeout(deadline);
      resolve();
    });
  });
}
