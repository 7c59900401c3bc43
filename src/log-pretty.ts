import { prettyFactory } from "pino-pretty";

/** Told by the line's own words or its place, or for machines. */
const SILENT = new Set([
  "level",
  "time",
  "msg",
  "event",
  "fix",
  "conn",
  "path",
  "normalized",
  "ms",
  "http",
  "firstSeen",
]);

/**
 * Makes lines for people out of pino's: time, what happened, then what is known about it; the fix of a refusal stands
 * below it.
 *
 * @param colors whether the terminal has them
 */
export function prettyLines(colors: boolean): (line: string) => string {
  return prettyFactory({
    colorize: colors,
    hideObject: true,
    translateTime: "SYS:HH:MM:ss",
    messageFormat: (log) => sentence(log),
  });
}

function sentence(log: Readonly<Record<string, unknown>>): string {
  const { event, msg, outcome, fix, ms } = log;
  const what = event === "pairing.outcome" ? text(outcome) : text(msg);
  const known = Object.entries(log)
    .filter(([name, value]) => !SILENT.has(name) && name !== "outcome" && value !== undefined)
    .map(([name, value]) => `${name}=${text(value)}`);
  const parts = [what, ...known, ...(typeof ms === "number" ? [`${Math.round(ms)} ms`] : [])];
  return parts.join("  ") + (typeof fix === "string" ? `\n           fix: ${fix}` : "");
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(text).join(",");
  return JSON.stringify(value) ?? "";
}
