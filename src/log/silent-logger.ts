import pino, { type Logger } from "pino";

/** Returns a logger that writes nothing. */
export function silentLogger(): Logger {
  return pino({ level: "silent" }, { write: () => {} });
}
