import type { Writable } from "node:stream";

/** Resolves when all that was written to a stream is on its way, or after `ms`. */
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
