import { fstatSync } from "node:fs";
import pino, { type DestinationStream, type Logger } from "pino";
import type { Stdout } from "./output.ts";
import type { Settings } from "./settings/settings.ts";

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
  const sink = isFile(stdout.fd)
    ? fileSink(stdout.fd)
    : streamSink(stdout, (lines) => {
        logger.warn({ event: "log.dropped", lines }, "log lines dropped: nobody read them");
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

// Synchronous, so nothing is left to flush; unlike process.stdout it goes on after ENOSPC.
function fileSink(fd: number): DestinationStream {
  const destination = pino.destination({ fd, sync: true, maxLength: MAX_WAITING_BYTES });
  destination.on("error", () => {});
  return destination;
}

/**
 * process.stdout does not block on a pipe or socket. pino.destination would: what it has not written yet is written
 * synchronously at exit, and a pipe that nobody reads holds the process there for ever (measured with sonic-boom 4).
 */
function streamSink(stdout: Stdout, onDropped: (lines: number) => void): DestinationStream {
  let dropped = 0;
  return {
    write: (line) => {
      if (stdout.destroyed) return;
      if (stdout.writableLength > MAX_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      const lines = dropped;
      dropped = 0;
      if (lines > 0) onDropped(lines);
      stdout.write(line);
    },
  };
}

async function prettySink(
  stdout: Stdout,
  sink: DestinationStream,
  program: string,
): Promise<DestinationStream> {
  const { prettyLines } = await import("./log-pretty.ts");
  // Node's own rule: NO_COLOR, NODE_DISABLE_COLORS, FORCE_COLOR and TERM.
  const colors = stdout.isTTY && stdout.hasColors();
  const pretty = prettyLines({ colors, columns: () => (stdout.isTTY ? stdout.columns : undefined), program });
  return { write: (line) => sink.write(pretty(line)) };
}
