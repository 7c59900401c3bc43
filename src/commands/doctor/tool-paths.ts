import { canonicalName, forwardingHeader } from "../../headers/header-table.ts";
import { isLoopbackName, parseAuthority } from "../../net/authority.ts";
import type { GatewaySession } from "../../openclaw/gateway-session.ts";
import { isRecord, textsIn } from "../../text/json.ts";
import { list } from "./finding.ts";
import { recentOutcomes } from "./found-shim.ts";
import { timeFor, uniqueMark, type Deadline } from "./gateway-attempt.ts";
import { findListeningProcess } from "./listening-process.ts";
import type { TestDevices } from "./test-devices.ts";
import { maySend, type Credential, type ToolUrl } from "./tool-urls.ts";

/** What was seen of a path of the tools that leads neither straight to the shim nor straight to the gateway. */
export type PathFacts = Awaited<ReturnType<typeof explorePath>>;

const RETRY_MS = 150;
const TAIL = { limit: 200, maxBytes: 250_000 };

/** Connects along a path and gathers what was seen of the connection at its end. Never throws. */
export async function explorePath(
  tool: ToolUrl,
  credential: Credential,
  devices: TestDevices,
  runningShim: string | undefined,
  deadline: Deadline,
) {
  const { source, shown, url, host, port } = tool;
  const sends = maySend(credential, tool);
  const mark = uniqueMark();
  const attempt = await devices.connectPath({ url: url.href, mark }, sends ? credential : undefined);
  const { device, connected, outcome, headers } = attempt;
  const outcomes = runningShim === undefined || !device ? [] : await recentOutcomes(runningShim, deadline);
  /** What a running shim reported of the attempt: then the path leads through it. */
  const throughShim = outcomes.findLast(({ deviceId }) => deviceId === device?.id);
  const isRefused = !connected && outcome !== "gateway-unreachable" && !throughShim;
  const session = isRefused ? devices.operator : undefined;
  const logged = session && (await findInLog(session, mark, deadline));
  const listener = isLoopbackName(host) ? findListeningProcess(port) : undefined;
  const credentialWithheld = !sends && "secret" in credential;
  return { source, shown, url, attempt, throughShim, logged, listener, credentialWithheld, headers };
}

/** Describes what a path adds, as the shim reported it, else as the gateway logged it or says in hello-ok; and what adds it. */
export function describeAdded({ attempt, logged, url, throughShim, listener, headers }: PathFacts) {
  const called = attempt.hello?.calledAs;
  // The gateway puts its own port behind the name.
  const seen = logged?.host ?? parseAuthority(called?.host ?? "")?.name;
  const isOwn = seen === url.host || seen === url.hostname;
  const host = foreignHost(throughShim ? throughShim.hostFrom : isOwn ? undefined : seen);
  const forwardedFor = logged?.forwardedFor;
  const isHttps = called?.scheme === "https:" && url.protocol === "ws:";
  const fields = throughShim?.stripped ?? {
    ...(forwardedFor && { "x-forwarded-for": forwardedFor }),
    ...(isHttps && { "x-forwarded-proto": "https" }),
  };
  const values = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  const adds = [values.length > 0 && `adds ${list(values)}`, host && `rewrites Host to ${host}`];
  // A plain GET would show more, but the shim would refuse and log it on a path that rewrites Host.
  const ofProxies = Object.keys(headers).filter((name) => name === "server" || forwardingHeader(name));
  const who = [
    ...(listener ? [listener.shown] : []),
    ...productsOf([...Object.keys(fields), ...ofProxies]),
    ...["server", "via"].flatMap((name) => (name in headers ? `${name}: ${String(headers[name])}` : [])),
  ];
  const by = who.length === 0 ? "" : `, by ${who.join(", ")}`;
  const isForwarded = values.length + ofProxies.length > 0;
  return { adds: adds.filter(Boolean).join(" and "), by, isForwarded };
}

/** Returns the products that add header fields of these names. */
export function productsOf(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => forwardingHeader(canonicalName(name))?.addedBy ?? []))];
}

/** Returns a Host unless it is a loopback name. */
export function foreignHost(host: string | undefined): string | undefined {
  const name = parseAuthority(host ?? "")?.name;
  return name !== undefined && isLoopbackName(name) ? undefined : host;
}

/**
 * Finds a refused connection in the gateway's log by its User-Agent: `closed before connect conn=… fwd=… host=… ua=…`
 * (OpenClaw `ws-connection.ts`; the same in all measured releases). Several gateways may share the file.
 * @returns undefined if the log does not show it within the time of a request, or this session may not read it
 */
export async function findInLog(session: GatewaySession, mark: string, deadline: Deadline) {
  const ms = timeFor("request", deadline);
  const end = performance.now() + ms;
  do {
    const payload = await session.request("logs.tail", TAIL, ms).catch(() => undefined);
    if (!isRecord(payload)) return undefined;
    const line = textsIn(payload["lines"]).find((one) => one.includes(mark));
    if (line !== undefined) return readLine(line);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  } while (performance.now() < end);
  return undefined;
}

/** Reads a line of the log: the gateway's runtime (`node` or `bun`), and Host and X-Forwarded-For as it received them. */
export function readLine(line: string) {
  const [, runtime] = /"runtime":"(\w{1,40})"/.exec(line) ?? [];
  const wordOf = (name: string): string | undefined =>
    new RegExp(` ${name}=(?!n/a[\\s"])([^\\s"\\\\]{1,255})`).exec(line)?.[1];
  return { runtime, host: wordOf("host"), forwardedFor: wordOf("fwd") };
}
