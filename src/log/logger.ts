import { fstatSync, writeSync } from "node:fs";
import pino, { type DestinationStream, type Logger } from "pino";
import type { NextSteps } from "./pretty.ts";

/** `process.stdout` or `process.stderr`, or a log file. */
export type Stdout = Pick<NodeJS.WriteStream, "isTTY" | "columns" | "writableLength"> & {
  readonly fd: number;
  write(text: string, onWritten?: (error?: Error | null) => void): boolean;
  /** Of a log file that is bounded: is called before so many bytes are appended. */
  readonly makeRoom?: (bytes: number) => void;
};

/** What a logger is made from. */
export interface LoggerOptions {
  readonly logLevel: string;
  /** Default: `pretty` on a terminal, else `json`. */
  readonly logFormat?: "json" | "pretty" | undefined;
  /** Loads what to suggest below the `listening` line of the pretty format. */
  readonly nextSteps: () => Promise<NextSteps>;
  /** Is called for every line that is lost. */
  readonly onLost?: () => unknown;
}

/** Bytes that may wait for a slow reader of the log; further lines are dropped and counted. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * Creates the log of a daemon: pino lines on stdout, as JSON or for people. A slow reader, a closed pipe or a full disk
 * neither stops nor ends the process; lines are lost then.
 *
 * @param stdout its errors are handled
 */
export async function createLogger(
  { logLevel, logFormat, nextSteps, onLost = () => {} }: LoggerOptions,
  stdout: Stdout,
): Promise<Logger> {
  const [put, why] = fstatSync(stdout.fd).isFile()
    ? [fileWriter(stdout), "the file could not be written"]
    : [streamWriter(stdout, onLost), "nobody read them"];
  const sink = dropping(put, onLost, (lines) => {
    // An error, so that it is shown at every level: the lost lines may be of any.
    logger.error({ event: "log.dropped", lines }, `log lines dropped: ${why}`);
  });
  let destination = sink;
  if ((logFormat ?? (stdout.isTTY ? "pretty" : "json")) === "pretty") {
    const [{ prettyLines }, { displayOf }] = await Promise.all([
      import("./pretty.ts"),
      import("../text/terminal.ts"),
    ]);
    const pretty = prettyLines({ ...displayOf(stdout), nextSteps: await nextSteps() });
    destination = { write: (line) => sink.write(pretty(line)) };
  }
  const logger: Logger = loggerTo(destination, logLevel);
  return logger;
}

/** Creates a log whose lines go to `destination`. */
export function loggerTo(destination: DestinationStream, level: string): Logger {
  return pino(
    {
      level,
      // journald and containers know the process and the machine.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // An outcome has its own, which would be a second one.
      serializers: { time: () => undefined },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** Creates a logger without output. It has its own stream, so that pino does not open stdout. */
export function silentLogger(): Logger {
  return loggerTo({ write: () => {} }, "silent");
}

/** Writes a line, or returns false if there is no room for it. */
type Put = (line: string) => boolean;

/** Drops the lines that `put` rejects, and reports their number once it accepts one again. */
function dropping(put: Put, onLost: () => unknown, onDropped: (lines: number) => void): DestinationStream {
  let dropped = 0;
  return {
    write: (line) => {
      if (!put(line)) {
        dropped += 1;
        onLost();
      } else if (dropped > 0) {
        const lines = dropped;
        dropped = 0;
        onDropped(lines);
        // The report may be dropped itself.
        if (dropped > 0) dropped = lines;
      }
    },
  };
}

/**
 * Writes each line at once. process.stdout ends at the first ENOSPC, and pino.destination never writes again once its
 * `maxLength` is reached (seen with sonic-boom 4.2, test/hard/full-disk.test.ts).
 */
function fileWriter({ fd, makeRoom }: Stdout): Put {
  // The rest of a line that the disk took in part goes first, so that no line is torn.
  let rest: Buffer = Buffer.alloc(0);
  return (line) => {
    rest = writeWhatFits(fd, rest);
    if (rest.length > 0) return false;
    const bytes = Buffer.from(line);
    makeRoom?.(bytes.length);
    const left = writeWhatFits(fd, bytes);
    if (left.length === bytes.length) return false;
    rest = left;
    return true;
  };
}

/** Returns the part of `bytes` that was not written. */
function writeWhatFits(fd: number, bytes: Buffer): Buffer {
  let left = bytes;
  try {
    while (left.length > 0) left = left.subarray(writeSync(fd, left));
  } catch {
    // ENOSPC, EDQUOT, EFBIG, EIO: the daemon goes on without its log.
  }
  return left;
}

/**
 * Writes to a pipe or socket without blocking. pino.destination would flush synchronously at exit, and a pipe that
 * nobody reads would hold the process for ever (measured with sonic-boom 4).
 */
function streamWriter(stdout: Stdout, onLost: () => unknown): Put {
  // Node's stdout is never destroyed: each write fails after its reader has disconnected.
  const onWritten = (error?: Error | null): void => {
    if (error) onLost();
  };
  return (line) => {
    if (stdout.writableLength > MAX_WAITING_BYTES) return false;
    stdout.write(line, onWritten);
    return true;
  };
}
