import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackName } from "../../net/authority.ts";
import { canonicalName, isForwarding } from "../../headers/header-names.ts";
import { printable } from "../../text/printable.ts";
import type { Attempt } from "./attempt.ts";
import { uniqueMark } from "./connect.ts";
import { findInLog, type LoggedConnection } from "./gateway-log.ts";
import { findListeningProcess, type ListeningProcess } from "./listening-process.ts";
import { recentOutcomes, type SeenOutcome } from "./running-shim.ts";
import { showDevice, type WayTools } from "./show-device.ts";
import { hostOf, mayCarry, portOf, type ToolUrl } from "./tool-urls.ts";

/** What was seen of a way that leads neither straight to the shim nor straight to the gateway. */
export interface PathFacts {
  readonly toolUrl: ToolUrl;
  readonly attempt: Attempt | undefined;
  /** It leads to another gateway. */
  readonly elsewhere: boolean;
  /** Token or password were kept back: the way is not this machine's and not TLS, or they are another gateway's. */
  readonly credentialKept: boolean;
  /** What a running shim reported of the attempt: then the way leads through it. */
  readonly throughShim: SeenOutcome | undefined;
  /** What the gateway logged of the attempt. */
  readonly logged: LoggedConnection | undefined;
  /** Who listens at the URL's port, where that is this machine. */
  readonly listener: ListeningProcess | undefined;
  /** Header fields of an answer that proxies put there, with their values. */
  readonly signs: readonly string[];
}

/** What a path is looked at with. */
export interface PathTools extends WayTools {
  /** Where a shim runs. */
  readonly shim: string | undefined;
}

/** Connects along a way and gathers what was seen of that at its end. Never throws. */
export async function explorePath(toolUrl: ToolUrl, tools: PathTools): Promise<PathFacts> {
  const { url } = toolUrl;
  if (!url) return { ...NOTHING, toolUrl };
  const { operator, shim, deadline, credential } = tools;
  const carries = mayCarry(toolUrl, credential);
  const mark = uniqueMark();
  const { attempt, device, elsewhere, headers } = await showDevice(
    { url: url.href, shown: toolUrl.shown },
    { mark, ...(carries && { credential }) },
    tools,
  );
  const outcomes = shim === undefined || !device ? [] : await recentOutcomes(shim, deadline);
  const throughShim = outcomes.findLast(({ deviceId }) => deviceId === device?.id);
  const refusedThere = !attempt.connected && attempt.verdict.outcome !== "gateway-unreachable";
  const logged =
    operator && refusedThere && !throughShim ? await findInLog(operator.session, mark, deadline) : undefined;
  return {
    toolUrl,
    attempt,
    elsewhere,
    credentialKept: !carries && "secret" in credential,
    throughShim,
    logged,
    listener: isLoopbackName(hostOf(url)) ? findListeningProcess(portOf(url)) : undefined,
    signs: signsIn(headers),
  };
}

const NOTHING = {
  attempt: undefined,
  elsewhere: false,
  credentialKept: false,
  throughShim: undefined,
  logged: undefined,
  listener: undefined,
  signs: [],
};

/**
 * Fields of the answer to the upgrade that tell of a proxy; the gateway itself sends none of them. Not of a plain GET:
 * on a way that rewrites Host the shim would refuse that, and log it as somebody's fault.
 */
function signsIn(headers: IncomingHttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const known = name === "server" || name === "x-served-by" || name === "x-amz-cf-id";
    if (!known && !isForwarding(canonicalName(name)) && !/^(cf|fly)-/.test(name)) return [];
    const shown = Array.isArray(value) ? value.join(", ") : (value ?? "");
    return [`${printable(name, 40)}: ${printable(shown, 60)}`];
  });
}
