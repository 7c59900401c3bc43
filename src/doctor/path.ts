import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackName } from "../gate/host.ts";
import { canonicalName, isForwarding } from "../normalize/names.ts";
import { printable } from "../text.ts";
import type { Attempt } from "./attempt.ts";
import { connectAs, uniqueMark, type Target } from "./connect.ts";
import type { Credential } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import { findInLog, type LoggedConnection } from "./gateway-log.ts";
import { httpGet } from "./http-get.ts";
import { findListeningProcess, type ListeningProcess } from "./listening-process.ts";
import { recentOutcomes, type SeenOutcome } from "./running-shim.ts";
import type { Operator, TestDevices } from "./test-devices.ts";
import { hostOf, mayCarry, portOf, type ToolUrl } from "./tool-urls.ts";

/** What was seen of a way that leads neither straight to the shim nor straight to the gateway. */
export interface PathFacts {
  readonly toolUrl: ToolUrl;
  readonly attempt: Attempt | undefined;
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
export interface PathTools {
  readonly credential: Credential;
  readonly devices: TestDevices;
  /** Without one, no device is shown on the way: it could not be removed. */
  readonly operator: Operator | undefined;
  /** Where a shim runs. */
  readonly shim: string | undefined;
  readonly deadline: Deadline;
}

const HANDSHAKE_MS = 4_000;
const ASK_MS = 1_500;

/** Connects along a way and gathers what was seen of that at its end. Never throws. */
export async function explorePath(toolUrl: ToolUrl, tools: PathTools): Promise<PathFacts> {
  const { url } = toolUrl;
  if (!url) return { ...NOTHING, toolUrl };
  const { devices, operator, shim, deadline, credential } = tools;
  const carries = mayCarry(toolUrl, credential);
  const mark = uniqueMark();
  const device = operator && devices.make();
  const target: Target = { url: url.href };
  const { attempt, session } = await connectAs(
    target,
    { mark, ...(device && { device }), ...(carries && { credential }) },
    deadline.within(HANDSHAKE_MS),
  );
  await session?.close();
  if (device) devices.note(device, attempt);
  const outcomes = shim === undefined || !device ? [] : await recentOutcomes(shim, deadline);
  const throughShim = outcomes.findLast(({ deviceId }) => deviceId === device?.id);
  const refusedThere = !attempt.connected && attempt.verdict.outcome !== "gateway-unreachable";
  const logged =
    operator && refusedThere && !throughShim ? await findInLog(operator.session, mark, deadline) : undefined;
  return {
    toolUrl,
    attempt,
    credentialKept: !carries && "secret" in credential,
    throughShim,
    logged,
    listener: isLoopbackName(hostOf(url)) ? findListeningProcess(portOf(url)) : undefined,
    signs: await signsOfProxies(url, deadline),
  };
}

const NOTHING = {
  attempt: undefined,
  credentialKept: false,
  throughShim: undefined,
  logged: undefined,
  listener: undefined,
  signs: [],
};

/** `/health` needs no credentials, on every release. */
async function signsOfProxies(url: URL, deadline: Deadline): Promise<string[]> {
  const health = new URL(`${url.protocol === "wss:" ? "https:" : "http:"}//${url.host}/health`);
  const answer = await httpGet(health, {}, deadline.within(ASK_MS));
  return "failure" in answer ? [] : signsIn(answer.headers);
}

/** Fields of an answer that tell of a proxy; the gateway itself sends none of them. */
export function signsIn(headers: IncomingHttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const known = name === "server" || name === "x-served-by" || name === "x-amz-cf-id";
    if (!known && !isForwarding(canonicalName(name)) && !/^(cf|fly)-/.test(name)) return [];
    const shown = Array.isArray(value) ? value.join(", ") : (value ?? "");
    return [`${printable(name, 40)}: ${printable(shown, 60)}`];
  });
}
