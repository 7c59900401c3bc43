import { isLoopbackAddress } from "../net/ip-address.ts";
import { isRecord } from "../text/json.ts";

/** A line of the log, as pino wrote it. */
export type LogLine = Readonly<Record<string, unknown>>;

/** As on the page: enough to distinguish devices. */
const DEVICE_CHARACTERS = 12;

/** Shown elsewhere in the line, or only in the JSON. */
const OMITTED = new Set(["level", "time", "msg", "event", "outcome", "fix", "command", "conn", "http"]);

/** Values that are usual, and therefore omitted. */
const USUAL: Readonly<Record<string, (value: string) => boolean>> = {
  path: (path) => path === "/",
  peer: isLoopbackAddress,
  role: (role) => role === "operator",
};

/** Returns what a line for people shows after the event, in this order. */
export function factsOf(line: LogLine): string[] {
  if (line["event"] === "listening") return listeningFacts(line);
  if (line["event"] === "draining") return drainingFacts(line);
  const { normalized, publicForwarded, ms, ...others } =
    line["event"] === "pairing.outcome" ? outcomeOf(line) : line;
  const facts = Object.entries(others)
    .filter(([name, value]) => !OMITTED.has(name) && value !== undefined && !USUAL[name]?.(text(value)))
    .map(([name, value]) => fact(name, value));
  return [
    ...facts,
    ...removed(normalized),
    ...(publicForwarded === true ? ["public address"] : []),
    ...(typeof ms === "number" ? [`${Math.round(ms)} ms`] : []),
  ];
}

/** Selects the reason and the client. Scopes, addresses and the gateway's words are in the JSON. */
function outcomeOf({
  reason,
  client,
  role,
  deviceId,
  peer,
  path,
  normalized,
  publicForwarded,
  ms,
}: LogLine): LogLine {
  return { reason, client, role, deviceId, peer, path, normalized, publicForwarded, ms };
}

function listeningFacts({ addresses, gateway }: LogLine): string[] {
  const where = Array.isArray(addresses) ? addresses.map((address) => `ws://${text(address)}`) : [];
  return [`on ${where.join(" and ")} for the gateway at ${text(gateway)}`];
}

function drainingFacts({ open, ms }: LogLine): string[] {
  return open === 0
    ? ["no connection is open"]
    : [`${text(open)} open, which have ${Number(ms) / 1000} s to end`];
}

/** Summarizes the stripped headers: `x-forwarded-for and 6 more removed`. */
function removed(normalized: unknown): string[] {
  const stripped = isRecord(normalized) ? normalized["stripped"] : undefined;
  const [name, ...more] = isRecord(stripped) ? Object.keys(stripped) : [];
  if (name === undefined) return [];
  return [more.length === 0 ? `${name} removed` : `${name} and ${more.length} more removed`];
}

function fact(name: string, value: unknown): string {
  if (name === "deviceId") return `device ${text(value).slice(0, DEVICE_CHARACTERS)}`;
  if (name === "peer") return `from ${text(value)}`;
  if (["client", "gateway", "path", "reason", "role"].includes(name)) return text(value);
  return `${name} ${text(value)}`;
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(text).join(" ");
  if (!isRecord(value)) return String(value);
  const { id, version, platform } = value;
  return id === undefined
    ? JSON.stringify(value)
    : [id, version, platform].filter(Boolean).map(text).join(" ");
}
