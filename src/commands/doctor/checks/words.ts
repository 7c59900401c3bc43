import type { Facts } from "../facts.ts";
import type { ListeningProcess } from "../listening-process.ts";

/** `openclaw-gateway, node (pid 4711)`. */
export function describeProcess({ name, program, pid }: ListeningProcess): string {
  // Node 24 and later call the main thread of every program so.
  const shown = ["", "MainThread", program].includes(name) ? program : `${name}, ${program}`;
  return `${shown || "a process"} (pid ${pid})`;
}

/** The first characters of a device id, which is what OpenClaw's own lists show. */
export function short(deviceId: string): string {
  return deviceId.length > 16 ? `${deviceId.slice(0, 12)}…` : deviceId;
}

/** A list for a sentence, at most `limit` of it. */
export function list(items: readonly string[], limit = 8): string {
  const shown = items.slice(0, limit).join(" ");
  return items.length > limit ? `${shown} and ${items.length - limit} more` : shown || "none";
}

/** Why the device store could not be read from disk, where that is why. */
export function inSqlite({ openclaw }: Pick<Facts, "openclaw">): string {
  return openclaw.sqlite ? "; the store is SQLite, which only the gateway reads" : "";
}
