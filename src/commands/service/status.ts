import { join } from "node:path";
import { quoted, SettingsError } from "../../settings/settings-error.ts";
import { readEnvironment } from "../../settings/environment.ts";
import { readFlags, type CommandFlag } from "../../settings/flags.ts";
import { listenersOf, loadSettings } from "../../settings/load.ts";
import type { ListenAddress } from "../../settings/settings.ts";
import { SETTINGS } from "../../settings/settings-table.ts";
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
  /** It is the machine's that was asked about. */
  readonly system: boolean;
  /** Where it was asked; absent where it was not, as it does not run. */
  readonly address?: string;
  readonly answer?: Answer;
}

/**
 * Finds out how the service is. Starts nothing: a shim that does not run is not asked, as that would wake it. Where
 * nothing is installed, a shim that runs without a unit is asked, at `--listen` or where one listens by default.
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
  const settings = [...given]
    .filter(([key]) => key !== "listen")
    .map(([, { from }]) => `${from}: status has no settings but --listen; leave it out`);
  if (problems.length + settings.length > 0) throw new SettingsError([...problems, ...settings]);
  const root = new Root("/");
  const executor = realExecutor({ root, env: commandEnvironment(caller), say: caller.say });
  const asked = given.get("listen")?.texts.map(listenerIn);
  const target = installed(findTarget(options, caller), root);
  const service = await stateOf(target, root, executor);
  const system = target.kind === "systemd" && target.places.scope === "system";
  const address = ownAddress(
    asked ?? (service.installed ? service.listen : listenersOf([readEnvironment(caller.env)])),
  );
  const asleep = service.installed && !service.running && address === ownAddress(service.listen);
  if (address === "" || asleep) return { service, system };
  return { service, system, address, answer: await askShim(address) };
}

/** @throws SettingsError */
function listenerIn(text: string): ListenAddress {
  const parsed = SETTINGS.listen.parse(text);
  if ("value" in parsed) return parsed.value;
  throw new SettingsError([`--listen: ${quoted(text)} ${parsed.why}`]);
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
