import pino, { type Logger } from "pino";

/** A logger that says nothing. Its stream is its own: the bundle has none of pino's (scripts/lean.mjs). */
export function silentLogger(): Logger {
  return pino({ level: "silent" }, { write: () => {} });
}
