import type { GatewaySession } from "../../openclaw/session.ts";
import { isRecord } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";
import type { Deadline } from "./deadline.ts";

/** What the gateway logged of a connection that it refused. */
export interface LoggedConnection {
  /** The runtime of the gateway: `node` or `bun`. */
  readonly runtime: string | undefined;
  /** `Host` and `X-Forwarded-For` as they reached it. */
  readonly host: string | undefined;
  readonly forwardedFor: string | undefined;
}

const AGAIN_MS = 150;
const TAIL = { limit: 200, maxBytes: 250_000 };

/**
 * Finds a refused connection in the gateway's own log by its User-Agent: `closed before connect conn=… fwd=… host=…
 * ua=…` (OpenClaw `ws-connection.ts`; the same words in all four releases). The file may be one for all gateways of a
 * machine, so only that line counts.
 * @returns undefined where the log does not show it soon, or is not for this session
 */
export async function findInLog(
  session: GatewaySession,
  mark: string,
  deadline: Deadline,
): Promise<LoggedConnection | undefined> {
  const end = performance.now() + deadline.for("question");
  do {
    const lines = await tail(session, deadline);
    const line = lines?.find((one) => one.includes(mark));
    if (line !== undefined) return readLine(line);
    if (!lines) return undefined;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  } while (performance.now() < end);
  return undefined;
}

/** Reads one line of the log, a JSON object; only what is asked for is taken from it. */
export function readLine(line: string): LoggedConnection {
  const meta = metaOf(line);
  return {
    runtime: typeof meta["runtime"] === "string" ? printable(meta["runtime"], 40) : undefined,
    host: word(line, "host"),
    forwardedFor: word(line, "fwd"),
  };
}

async function tail(session: GatewaySession, deadline: Deadline): Promise<string[] | undefined> {
  try {
    const payload = await session.request("logs.tail", TAIL, deadline.for("question"));
    const lines = isRecord(payload) ? payload["lines"] : undefined;
    return Array.isArray(lines) ? lines.filter((line) => typeof line === "string") : [];
  } catch {
    return undefined;
  }
}

function metaOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    const meta = isRecord(parsed) ? parsed["_meta"] : undefined;
    return isRecord(meta) ? meta : {};
  } catch {
    return {};
  }
}

function word(line: string, name: string): string | undefined {
  const [, value] = new RegExp(` ${name}=([^\\s"\\\\]{1,255})`).exec(line) ?? [];
  return value === undefined || value === "n/a" ? undefined : printable(value);
}
