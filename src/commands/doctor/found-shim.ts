import { silentLogger } from "../../log/logger.ts";
import { reachableAt } from "../../net/authority.ts";
import { section } from "../../openclaw/config.ts";
import type { Settings } from "../../settings/settings.ts";
import { openShim } from "../../shim.ts";
import { askHealth, askOutcomes, type OutcomeRecord } from "../../status/shim-client.ts";
import { textsIn } from "../../text/json.ts";
import type { Deadline } from "./deadline.ts";
import { DOCTOR, type Attempt, type Target } from "./gateway-client.ts";
import { findListeningProcess, type ListeningProcess } from "./listening-process.ts";
import type { PathAttempt } from "./test-devices.ts";

/** The shim at the addresses of `--listen`, or what is there instead. */
export interface ShimFacts {
  readonly running?: {
    /** `127.0.0.1:18788`. */
    readonly address: string;
    readonly version: string;
    /** Why it does not reach its gateway, as it reports. */
    readonly unreachable?: string;
    /** Outcomes of clients other than doctor, oldest first. */
    readonly outcomes: readonly SeenOutcome[];
  };
  /** Another server listens at an address of `--listen`. */
  readonly taken?: {
    readonly address: string;
    readonly why: string;
    readonly by: ListeningProcess | undefined;
  };
  /** Through the running shim, or through a temporary one of this run's. */
  readonly attempt?: Attempt | undefined;
  /** Another gateway responded through it. */
  readonly elsewhere?: boolean | undefined;
}

/** One outcome of a running shim. Texts are as received. */
export type SeenOutcome = ReturnType<typeof readOutcome>;

type Connect = (target: Target) => Promise<PathAttempt>;

/**
 * Finds the shim at `--listen` and connects through it, or through a temporary one if none runs.
 *
 * @param connect absent if the gateway accepts no connection
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
      const { reachable, reason = "unknown" } = response.health.gateway;
      const result = reachable && !deadline.over ? await connect?.({ url: `ws://${address}` }) : undefined;
      const outcomes = (await recentOutcomes(address, deadline)).filter(({ byDoctor }) => !byDoctor);
      const running = { address, version: response.health.version, outcomes };
      return { running: reachable ? running : { ...running, unreachable: reason }, ...result };
    }
    if ("failure" in response && isNotListening(response.failure)) continue;
    const why = "foreign" in response ? response.foreign : response.failure;
    taken ??= { address, why, by: findListeningProcess(listen.port) };
  }
  if (!connect || deadline.over) return taken ? { taken } : {};
  // The temporary shim listens on a free port, logs nothing and approves nothing.
  const listen = [{ host: "127.0.0.1", port: 0 }];
  const shim = await openShim({ ...settings, listen, approve: "off", hold: 0, drain: 0 }, silentLogger());
  try {
    const { attempt } = await connect({ url: `ws://${shim.addresses[0]}` });
    return { attempt, ...(taken && { taken }) };
  } finally {
    await shim.close();
  }
}

/** Returns true for a system error that means that nothing listens, or that this machine has no such address. */
export function isNotListening(code = ""): boolean {
  return /^(ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH|EAFNOSUPPORT|EHOSTUNREACH)$/.test(code);
}

/** Returns the last outcomes of a running shim, oldest first; none if it does not respond. */
export async function recentOutcomes(authority: string, deadline: Deadline): Promise<SeenOutcome[]> {
  return (await askOutcomes(authority, deadline.for("request"))).map((item) => readOutcome(item));
}

function readOutcome(item: OutcomeRecord) {
  const normalized = section(item, "normalized");
  return {
    outcome: text(item["outcome"]) ?? "",
    deviceId: text(item["deviceId"]),
    scopes: textsIn(item["scopes"]),
    peer: text(item["peer"]) ?? "",
    /** `Host` as received, if the shim changed it. */
    hostFrom: text(section(normalized, "host")["from"]),
    /** Deleted header fields: values, if they may be shown, by name. */
    stripped: Object.fromEntries(
      Object.entries(section(normalized, "stripped")).map(([name, value]) => [name, text(value) ?? ""]),
    ),
    publicForwarded: item["publicForwarded"] === true,
    byDoctor: text(section(item, "client")["version"])?.startsWith(DOCTOR) === true,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
