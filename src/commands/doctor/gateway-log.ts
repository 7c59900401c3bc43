import type { GatewaySession } from "../../openclaw/gateway-session.ts";
import { isRecord, textsIn } from "../../text/json.ts";
import type { Deadline } from "./deadline.ts";

/**
 * What the gateway logged about a connection that it refused: its own runtime (`node` or `bun`), and `Host` and
 * `X-Forwarded-For` as it received them.
 */
export type LoggedConnection = ReturnType<typeof readLine>;

const RETRY_MS = 150;
const TAIL = { limit: 200, maxBytes: 250_000 };

/**
 * Finds a refused connection in the gateway's log by its User-Agent: `closed before connect conn=… fwd=… host=… ua=…`
 * (OpenClaw `ws-connection.ts`; the same in all measured releases). Several gateways may share the file.
 * @returns undefined if the log does not show it within the time of a request, or this session may not read it
 */
export async function findInLog(
  session: GatewaySession,
  mark: string,
  deadline: Deadline,
): Promise<LoggedConnection | undefined> {
  const end = performance.now() + deadline.for("request");
  do {
    const tail = session.request("logs.tail", TAIL, deadline.for("request"));
    const payload = await tail.catch(() => undefined);
    if (!isRecord(payload)) return undefined;
    const line = textsIn(payload["lines"]).find((one) => one.includes(mark));
    if (line !== undefined) return readLine(line);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  } while (performance.now() < end);
  return undefined;
}

/** Reads one line of the log, a JSON object. */
export function readLine(line: string) {
  const [, runtime] = /"runtime":"(\w{1,40})"/.exec(line) ?? [];
  return { runtime, host: word(line, "host"), forwardedFor: word(line, "fwd") };
}

function word(line: string, name: string): string | undefined {
  const [, value] = new RegExp(` ${name}=([^\\s"\\\\]{1,255})`).exec(line) ?? [];
  return value === "n/a" ? undefined : value;
}
