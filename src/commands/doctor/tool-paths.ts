import type { IncomingHttpHeaders } from "node:http";
import { forwardingHeader } from "../../headers/header-table.ts";
import { isLoopbackName, parseAuthority } from "../../net/authority.ts";
import type { Deadline } from "./deadline.ts";
import { recentOutcomes, type SeenOutcome } from "./found-shim.ts";
import { uniqueMark, type Attempt } from "./gateway-client.ts";
import { maySend, type Credential } from "./gateway-credential.ts";
import { findInLog, type LoggedConnection } from "./gateway-log.ts";
import { findListeningProcess, type ListeningProcess } from "./listening-process.ts";
import type { TestDevices } from "./test-devices.ts";
import { hostOf, portOf, type ToolUrl } from "./tool-urls.ts";

/** A path of the tools that leads neither straight to the shim nor straight to the gateway. */
export interface PathFacts {
  readonly toolUrl: ToolUrl;
  /** Absent if it has no URL to connect to. */
  readonly attempt?: Attempt;
  /** It leads to another gateway. */
  readonly elsewhere?: boolean;
  /** The credential was not sent: see `maySend`. */
  readonly credentialWithheld?: boolean;
  /** What a running shim reported of the attempt: then the path leads through it. */
  readonly throughShim?: SeenOutcome | undefined;
  /** What the gateway logged of the attempt. */
  readonly logged?: LoggedConnection | undefined;
  /** The process at the URL's port, if that is on this machine. */
  readonly listener?: ListeningProcess | undefined;
  /** Header fields of the response that only proxies add: values by name. */
  readonly proxyFields?: Readonly<Record<string, string>>;
}

/**
 * Connects along a path and gathers what was seen of the connection at its end. Never throws.
 *
 * @param shim the address of a running shim
 */
export async function explorePath(
  toolUrl: ToolUrl,
  credential: Credential,
  devices: TestDevices,
  shim: string | undefined,
  deadline: Deadline,
): Promise<PathFacts> {
  const { url, shown } = toolUrl;
  if (!url) return { toolUrl };
  const sends = maySend(credential, toolUrl);
  const mark = uniqueMark();
  const as = { mark, ...(sends && { credential }) };
  const { attempt, device, elsewhere, headers } = await devices.connectPath({ url: url.href, shown }, as);
  const outcomes = shim === undefined || !device ? [] : await recentOutcomes(shim, deadline);
  const throughShim = outcomes.findLast(({ deviceId }) => deviceId === device?.id);
  const isRefused = !attempt.connected && attempt.verdict.outcome !== "gateway-unreachable";
  const session = isRefused && !throughShim ? devices.operator?.session : undefined;
  return {
    toolUrl,
    attempt,
    elsewhere,
    credentialWithheld: !sends && "secret" in credential,
    throughShim,
    logged: session && (await findInLog(session, mark, deadline)),
    listener: isLoopbackName(hostOf(url)) ? findListeningProcess(portOf(url)) : undefined,
    proxyFields: proxyFields(headers),
  };
}

// A plain GET would show more, but the shim would refuse and log it on a path that rewrites Host.
function proxyFields(headers: IncomingHttpHeaders): Record<string, string> {
  const fields = Object.entries(headers).filter(
    ([name]) => /^(server|x-served-by)$/.test(name) || forwardingHeader(name) || productOf(name),
  );
  return Object.fromEntries(fields.map(([name, value = ""]) => [name, [value].flat().join(", ")]));
}

/** Response header fields that name a product, which no request carries: by prefix. */
const RESPONSE_FIELDS = { "fly-": "Fly.io", "x-amz-cf-": "Amazon CloudFront" };

/** Returns the product that adds a header field of this name. */
export function productOf(name: string): string | undefined {
  const own = Object.entries(RESPONSE_FIELDS).find(([prefix]) => name.startsWith(prefix));
  return forwardingHeader(name)?.addedBy ?? own?.[1];
}

/** Returns a Host unless it is a loopback name. */
export function foreignHost(host: string | undefined): string | undefined {
  const name = parseAuthority(host ?? "")?.name;
  return name !== undefined && isLoopbackName(name) ? undefined : host;
}
