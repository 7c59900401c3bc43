import { fstatSync, writeSync } from "node:fs";
import pino, { type DestinationStream, type Logger } from "pino";
import type { Stdout } from "./stdout.ts";
import type { Settings } from "../settings/settings.ts";

/** What a reader that has fallen behind may cost; lines beyond it are dropped and counted. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * The log of a daemon: pino lines on stdout, as JSON or for people. Neither a reader that does not read, nor one that
 * is gone, nor a full disk stops the process or ends it; lines are lost then.
 *
 * @param stdout `process.stdout`; main.ts listens for its errors
 * @param program how the user calls it, for the commands that lines for people name
 */
export async function createLogger(
  { logLevel, logFormat }: Pick<Settings, "logLevel" | "logFormat">,
  stdout: Stdout,
  program: string,
): Promise<Logger> {
  const [put, why] = isFile(stdout.fd)
    ? [fileWriter(stdout.fd), "the file took no more"]
    : [streamWriter(stdout), "nobody read them"];
  const sink = dropping(put, (lines) => {
    // Shown at every level that shows anything: lines of any other may be among the lost.
    logger.error({ event: "log.dropped", lines }, `log lines dropped: ${why}`);
  });
  const destination = logFormat === "pretty" ? await prettySink(stdout, sink, program) : sink;
  const logger = pino(
    // journald and containers know the process and the machine.
    { level: logLevel, base: null, formatters: { level: (label) => ({ level: label }) } },
    destination,
  );
  return logger;
}

function isFile(fd: number): boolean {
  return fstatSync(fd).isFile();
}

/** Takes a line; false where there is no room for it. */
type Put = (line: string) => boolean;

/** Drops the lines that `put` does not take, and says how many those were once it takes one again. */
function dropping(put: Put, onDropped: (lines: number) => void): DestinationStream {
  let dropped = 0;
  return {
    write: (line) => {
      if (!put(line)) {
        dropped += 1;
      } else if (dropped > 0) {
        const lines = dropped;
        dropped = 0;
        onDropped(lines);
        // What says so may be dropped itself.
        if (dropped > 0) dropped = lines;
      }
    },
  };
}

/**
 * Writes each line at once. Neither process.stdout nor pino.destination would do: the one ends at the first ENOSPC, the
 * other never writes again once its `maxLength` waits (seen with sonic-boom 4.2, test/hard/full-disk.test.ts).
 */
function fileWriter(fd: number): Put {
  // What a disk had no more room for of a line that it took in part: it goes first, so that no line is torn.
  let rest: Buffer = Buffer.alloc(0);
  return (line) => {
    rest = writeWhatFits(fd, rest);
    if (rest.length > 0) return false;
    const bytes = Buffer.from(line);
    const left = writeWhatFits(fd, bytes);
    if (left.length === bytes.length) return false;
    rest = left;
    return true;
  };
}

/** @returns what is left of `bytes` */
function writeWhatFits(fd: number, bytes: Buffer): Buffer {
  let left = bytes;
  try {
    while (left.length > 0) left = left.subarray(writeSync(fd, left));
  } catch {
    // ENOSPC, EDQUOT, EFBIG, EIO: the daemon's work is elsewhere.
  }
  return left;
}

/**
 * process.stdout does not block on a pipe or socket. pino.destination would: what it has not written yet is written
 * synchronously at exit, and a pipe that nobody reads holds the process there for ever (measured with sonic-boom 4).
 */
function streamWriter(stdout: Stdout): Put {
  return (line) => {
    if (stdout.destroyed) return true;
    if (stdout.writableLength > MAX_WAITING_BYTES) return false;
    stdout.write(line);
    return true;
  };
}

async function prettySink(
  stdout: Stdout,
  sink: DestinationStream,
  program: string,
): Promise<DestinationStream> {
  const { prettyLines } = await import("./pretty.ts");
  // Node's own rule: NO_COLOR, NODE_DISABLE_COLORS, FORCE_COLOR and TERM.
  const colors = stdout.isTTY && stdout.hasColors();
  const pretty = prettyLines({ colors, columns: () => (stdout.isTTY ? stdout.columns : undefined), program });
  return { write: (line) => sink.write(pretty(line)) };
}
