import type { IncomingHttpHeaders } from "node:http";
import { forwardingHeader } from "../../headers/header-table.ts";
import { isLoopbackName } from "../../net/authority.ts";
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
  /** Header fields of a response that proxies add: values by name. */
  readonly proxyFields?: Readonly<Record<string, string>>;
}

/** What `explorePath` needs. */
interface PathTools {
  readonly credential: Credential;
  readonly devices: TestDevices;
  /** The address of a running shim. */
  readonly shim: string | undefined;
  readonly deadline: Deadline;
}

/** Connects along a path and gathers what was seen of the connection at its end. Never throws. */
export async function explorePath(toolUrl: ToolUrl, tools: PathTools): Promise<PathFacts> {
  const { url, shown } = toolUrl;
  if (!url) return { toolUrl };
  const { credential, devices, shim, deadline } = tools;
  const sends = maySend(credential, toolUrl);
  const mark = uniqueMark();
  const { attempt, device, elsewhere, headers } = await devices.connectPath(
    { url: url.href, shown },
    { mark, ...(sends && { credential }) },
  );
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

/**
 * Returns the fields of the response to the upgrade that only proxies add. A plain GET would show more, but the shim
 * would refuse and log it on a path that rewrites Host.
 */
function proxyFields(headers: IncomingHttpHeaders): Record<string, string> {
  const fields = Object.entries(headers).filter(
    ([name]) =>
      ["server", "x-served-by", "x-amz-cf-id"].includes(name) ||
      forwardingHeader(name) !== undefined ||
      /^(cf|fly)-/.test(name),
  );
  return Object.fromEntries(fields.map(([name, value = ""]) => [name, [value].flat().join(", ")]));
}
