import { join } from "node:path";
import { SettingsError } from "../settings/error.ts";
import { readFlags, type CommandFlag } from "../settings/flags.ts";
import { loadSettings } from "../settings/load.ts";
import { commandEnvironment, type Caller } from "./caller.ts";
import { parseEnvironment } from "./environment-file.ts";
import { realExecutor, type Executor } from "./executor.ts";
import { askShim, ownAddress, type Answer } from "./health.ts";
import { agentState } from "./launchd-state.ts";
import { SYSTEM, UNITS } from "./places.ts";
import { Root } from "./root.ts";
import type { ServiceState } from "./service-state.ts";
import { unitState } from "./systemd-state.ts";
import { findTarget, type Target } from "./target.ts";

/** The service, and what the shim in it says. */
export interface ServiceStatus {
  readonly service: ServiceState;
  /** Where it was asked; absent where it was not, as it does not run. */
  readonly address?: string;
  readonly answer?: Answer;
}

/**
 * Finds out how the service is. Starts nothing: a shim that does not run is not asked, as that would wake it.
 *
 * @param args what follows the command's name
 * @throws SettingsError
 */
export async function serviceStatus(
  args: readonly string[],
  flags: readonly CommandFlag[],
  caller: Caller,
): Promise<ServiceStatus> {
  const { flags: options, given, problems } = readFlags(args, flags);
  const settings = [...given.values()].map(({ from }) => `${from}: status has no settings; leave it out`);
  if (problems.length + settings.length > 0) throw new SettingsError([...problems, ...settings]);
  const root = new Root("/");
  const executor = realExecutor({ root, env: commandEnvironment(caller), say: caller.say });
  const service = await stateOf(installed(findTarget(options, caller), root), root, executor);
  const address = ownAddress(service.listen);
  if (!service.running || address === "") return { service };
  return { service, address, answer: await askShim(address) };
}

/** Where the user has none, the machine's service is meant. */
function installed(target: Target, root: Root): Target {
  if (target.kind !== "systemd" || root.has(join(target.places.units, UNITS.service))) return target;
  return root.has(join(SYSTEM.units, UNITS.service)) ? { ...target, places: SYSTEM } : target;
}

function stateOf(target: Target, root: Root, executor: Executor): Promise<ServiceState> {
  if (target.kind !== "launchd") return unitState(target.places, executor);
  const env = { ...parseEnvironment(root.read(target.places.environment) ?? ""), HOME: target.home };
  const { listen } = loadSettings({ args: [], env, terminal: false }).settings;
  return agentState(target.uid, listen, executor);
}
