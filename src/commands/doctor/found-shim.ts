import { silentLogger } from "../../log/logger.ts";
import { reachableAt } from "../../net/authority.ts";
import { section } from "../../openclaw/config.ts";
import type { Settings } from "../../settings/settings.ts";
import { DOCTOR } from "../../outcome/outcome.ts";
import { openShim } from "../../shim.ts";
import { askHealth, askOutcomes, type OutcomeRecord } from "../../status/shim-client.ts";
import { stringOf, textsIn } from "../../text/json.ts";
import { timeFor, type Deadline } from "./gateway-attempt.ts";
import { findListeningProcess } from "./listening-process.ts";

/**
 * Finds the shim at `--listen`, or what is there instead, and connects through it, or through a temporary one.
 *
 * @param connect absent if the gateway accepts no connection; never throws
 */
export async function findShim<T>(
  settings: Settings,
  connect: ((url: string) => Promise<T>) | undefined,
  deadline: Deadline,
) {
  let taken;
  for (const listen of settings.listen.filter(({ port }) => port !== 0)) {
    const address = reachableAt(listen);
    const response = await askHealth(address, timeFor("request", deadline));
    if ("health" in response) {
      const { version, gateway } = response.health;
      // A busy gateway responds late: then the connection shows whether it is reachable.
      const isTried = gateway.reachable || gateway.reason === "TIMEOUT";
      const attempt = isTried ? await connect?.(`ws://${address}`) : undefined;
      const outcomes = (await recentOutcomes(address, deadline)).filter(({ byDoctor }) => !byDoctor);
      /** Why it does not reach its gateway, as it reports. */
      const unreachable = isTried ? undefined : (gateway.reason ?? "unknown");
      return { running: { address, version, unreachable, outcomes }, attempt };
    }
    const why = "foreign" in response ? response.foreign : response.failure;
    const isFree = /^(ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH|EAFNOSUPPORT|EHOSTUNREACH)$/.test(why);
    if (!isFree) taken ??= { address, why, by: findListeningProcess(listen.port) };
  }
  if (!connect) return { taken };
  // The temporary shim listens on a free port, logs nothing and approves nothing.
  const listen = [{ host: "127.0.0.1", port: 0 }];
  const shim = await openShim({ ...settings, listen, approve: "off", hold: 0, drain: 0 }, silentLogger());
  const attempt = await connect(`ws://${shim.addresses[0]}`);
  await shim.close();
  return { taken, attempt };
}

/** Returns the last outcomes of a running shim, oldest first; none if it does not respond. */
export async function recentOutcomes(authority: string, deadline: Deadline) {
  return (await askOutcomes(authority, timeFor("request", deadline))).map((item) => readOutcome(item));
}

/** Reads one outcome. Its texts are as received. */
function readOutcome(item: OutcomeRecord) {
  const normalized = section(item, "normalized");
  const stripped = Object.entries(section(normalized, "stripped"));
  return {
    outcome: stringOf(item["outcome"]),
    deviceId: stringOf(item["deviceId"]),
    role: stringOf(item["role"]),
    clientId: stringOf(section(item, "client")["id"]),
    scopes: textsIn(item["scopes"]),
    peer: stringOf(item["peer"]) ?? "",
    /** `Host` as received, if the shim changed it. */
    hostFrom: stringOf(section(normalized, "host")["from"]),
    /** Deleted header fields: values, if they may be shown, by name. */
    stripped: Object.fromEntries(stripped.map(([name, value]) => [name, stringOf(value) ?? ""])),
    byDoctor: stringOf(section(item, "client")["version"])?.startsWith(DOCTOR) === true,
  };
}
