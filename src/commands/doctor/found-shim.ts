import { silentLogger } from "../../log/logger.ts";
import { reachableAt } from "../../net/authority.ts";
import type { Settings } from "../../settings/settings.ts";
import { openShim } from "../../shim.ts";
import { askHealth, askOutcomes, type OutcomeRecord } from "../../status/shim-client.ts";
import { isRecord, textsIn } from "../../text/json.ts";
import type { Deadline } from "./deadline.ts";
import { DOCTOR, type Attempt, type Target } from "./gateway-client.ts";
import { findListeningProcess, type ListeningProcess } from "./listening-process.ts";
import type { PathAttempt } from "./test-devices.ts";

/** The shim at the addresses of `--listen`, or what is there instead. */
export interface ShimFacts {
  readonly running?: RunningShim;
  /** Another server listens at an address of `--listen`. */
  readonly taken?: { readonly address: string; readonly why: string; readonly by?: ListeningProcess };
  /** Through the running shim, or through a temporary one of this run's. */
  readonly attempt: Attempt | undefined;
  /** Another gateway responded through it. */
  readonly elsewhere: boolean;
}

interface RunningShim {
  /** `127.0.0.1:18788`. */
  readonly address: string;
  readonly version: string;
  /** Why it does not reach its gateway, as it reports. */
  readonly unreachable?: string;
  /** Outcomes of clients other than doctor, oldest first. */
  readonly outcomes: readonly SeenOutcome[];
}

/** One outcome of a running shim. Texts are as received. */
export interface SeenOutcome {
  readonly outcome: string;
  readonly deviceId: string | undefined;
  readonly scopes: readonly string[];
  readonly peer: string;
  /** `Host` as received, if the shim changed it. */
  readonly hostFrom: string | undefined;
  /** Deleted header fields: lower-case names, and values where they may be shown. */
  readonly stripped: Readonly<Record<string, string>>;
  readonly publicForwarded: boolean;
  readonly byDoctor: boolean;
}

/** System errors that mean that nothing listens; all but the first, that this machine has no such address. */
const NOT_LISTENING: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EADDRNOTAVAIL",
  "ENETUNREACH",
  "EAFNOSUPPORT",
  "EHOSTUNREACH",
]);

export const isNotListening = (code: string | undefined): boolean => NOT_LISTENING.has(code ?? "");

type Connect = (target: Target) => Promise<PathAttempt>;

/**
 * Finds the shim at `--listen` and connects through it, or through a temporary one if none runs.
 *
 * @param connect undefined if no connection through a shim can succeed
 */
export async function findShim(
  settings: Settings,
  connect: Connect | undefined,
  deadline: Deadline,
): Promise<ShimFacts> {
  let taken: ShimFacts["taken"];
  for (const listen of settings.listen.filter(({ port }) => port !== 0)) {
    const address = reachableAt(listen);
    const response = await askHealth(address, deadline.for("request"));
    if ("health" in response) {
      const { version, gateway } = response.health;
      const isTried = gateway.reachable && !deadline.over;
      const result = isTried ? await connect?.({ url: `ws://${address}` }) : undefined;
      const outcomes = await recentOutcomes(address, deadline);
      const running = { address, version, outcomes: outcomes.filter(({ byDoctor }) => !byDoctor) };
      const unreachable = gateway.reason ?? "unknown";
      return {
        running: gateway.reachable ? running : { ...running, unreachable },
        attempt: result?.attempt,
        elsewhere: result?.elsewhere ?? false,
      };
    }
    if ("failure" in response && isNotListening(response.failure)) continue;
    const by = findListeningProcess(listen.port);
    taken ??= {
      address,
      why: "foreign" in response ? response.foreign : response.failure,
      ...(by && { by }),
    };
  }
  const attempt = connect && !deadline.over ? await throughTemporary(settings, connect) : undefined;
  return { attempt, elsewhere: false, ...(taken && { taken }) };
}

/** Returns the last outcomes of a running shim, oldest first; none if it does not respond. */
export async function recentOutcomes(authority: string, deadline: Deadline): Promise<SeenOutcome[]> {
  return (await askOutcomes(authority, deadline.for("request"))).map((item) => readOutcome(item));
}

/** Connects through a silent shim on a free port of 127.0.0.1, which approves nothing and is closed again. */
async function throughTemporary(settings: Settings, connect: Connect): Promise<Attempt> {
  const listen = [{ host: "127.0.0.1", port: 0 }];
  const shim = await openShim({ ...settings, listen, approve: "off", hold: 0, drain: 0 }, silentLogger());
  try {
    return (await connect({ url: `ws://${shim.addresses[0]}` })).attempt;
  } finally {
    await shim.close();
  }
}

function readOutcome(item: OutcomeRecord): SeenOutcome {
  const normalized = isRecord(item["normalized"]) ? item["normalized"] : {};
  const host = isRecord(normalized["host"]) ? normalized["host"] : {};
  const client = isRecord(item["client"]) ? item["client"] : {};
  const stripped = isRecord(normalized["stripped"]) ? Object.entries(normalized["stripped"]) : [];
  return {
    outcome: text(item["outcome"]) ?? "",
    deviceId: text(item["deviceId"]),
    scopes: textsIn(item["scopes"]),
    peer: text(item["peer"]) ?? "",
    hostFrom: text(host["from"]),
    stripped: Object.fromEntries(stripped.map(([name, value]) => [name, text(value) ?? ""])),
    publicForwarded: item["publicForwarded"] === true,
    byDoctor: text(client["version"])?.startsWith(DOCTOR) === true,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
