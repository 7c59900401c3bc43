import type { Advice } from "../../errors.ts";
import { authorityOf } from "../../net/authority.ts";
import { readEnvironment } from "../../settings/layers.ts";
import { listenersOf } from "../../settings/load.ts";
import type { OutcomeRecord } from "../../status/shim-client.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext, STATUS_FLAGS } from "../../cli/command.ts";
import { findService, THIS_HOST, type ServiceHost } from "./find-service.ts";
import { withAdvice } from "./operations.ts";
import { askShim, gatewayText, localAddress, type ShimResponse } from "./service-health.ts";
import type { ServiceState } from "./service-manager.ts";

/** What `status` finds out; `--json` prints it as one object. */
interface ServiceStatus {
  readonly service: Omit<ServiceState, "listen"> & { readonly listen: readonly string[] };
  /** Undefined if no shim was asked, because the service does not run. */
  readonly response?: ({ readonly address: string } & ShimResponse) | undefined;
  readonly advice?: Advice | undefined;
}

/** How many outcomes are printed; `--json` has all that the shim keeps. */
const SHOWN = 5;

/**
 * Prints the state of the service, its listeners, the gateway and the last outcomes. Starts nothing: a stopped service
 * is not asked, because a connection would start it. Without a service it asks the shim at `--listen` or the default.
 *
 * @returns 0 if a shim runs, as a service or not, and reaches the gateway; else 1
 * @throws SettingsError
 */
export async function status(
  context: CommandContext<typeof STATUS_FLAGS>,
  host: ServiceHost = THIS_HOST,
): Promise<number> {
  const found = await gatherStatus(await serviceState(context, host), context);
  const { service, response, advice } = found;
  const json = context.flags.json && JSON.stringify({ ...service, ...response, ...advice });
  context.stdout.write(`${json || statusLines(found).join("\n")}\n`);
  return response && "gateway" in response && response.gateway.reachable ? 0 : 1;
}

/** Returns the state of the service that the flags select; of the machine's, if a user has none. */
async function serviceState(
  { flags, env }: CommandContext<typeof STATUS_FLAGS>,
  host: ServiceHost,
): Promise<ServiceState> {
  const state = await findService(flags, env, host).state();
  if (state.installed || state.system || host.platform !== "linux") return state;
  const machine = await findService({ system: true }, env, host).state();
  return machine.installed ? machine : state;
}

async function gatherStatus(
  state: ServiceState,
  { flags, env, program }: CommandContext<typeof STATUS_FLAGS>,
): Promise<ServiceStatus> {
  const { installed, system } = state;
  const own = localAddress(installed ? state.listen : listenersOf([readEnvironment(env)]));
  const address = localAddress(flags.listen) ?? own;
  const stopped = installed && !state.running && address === own;
  const command = `${program} install${system ? " --system" : ""}`;
  const fix = installed ? "to start it automatically" : "to install it";
  return {
    service: { ...state, listen: installed ? state.listen.map(authorityOf) : [] },
    ...(address !== undefined && !stopped && { response: { address, ...(await askShim(address)) } }),
    ...((!installed || state.enabled === false) && { advice: { fix, command } }),
  };
}

function statusLines({ service, response, advice }: ServiceStatus): string[] {
  const { name, installed, state, pid, socket, listen } = service;
  const problem = response && "problem" in response ? [`  ${response.problem}`] : [];
  const shim = shimLines(response);
  if (!installed && response && shim.length > 0) {
    return [`not installed as a service, but a shim runs at ${response.address}`, ...shim];
  }
  if (!installed) return [withAdvice(`${name}: not installed`, advice), ...problem];
  return [
    `${name}: ${state}${pid === undefined ? "" : `, pid ${pid}`}`,
    ...(advice === undefined ? [] : [`  ${withAdvice("does not start automatically", advice)}`]),
    ...(socket === undefined ? [] : [`  socket: ${socket}`]),
    `  listens on: ${listen.join(", ")}`,
    ...(!response || listen.includes(response.address) ? [] : [`  asked at: ${response.address}`]),
    ...problem,
    ...shim,
  ];
}

function shimLines(response: ShimResponse | undefined): string[] {
  if (!response || "problem" in response) return [];
  const { version, gateway, outcomes } = response;
  return [
    `  version: ${version}`,
    `  ${gatewayText(gateway)}${gateway.since === undefined ? "" : ` since ${gateway.since}`}`,
    outcomes.length === 0 ? "  no connection yet" : "  last outcomes:",
    ...outcomes.slice(-SHOWN).map((outcome) => `    ${outcomeLine(outcome)}`),
  ];
}

function outcomeLine({ outcome, reason, peer, fix }: OutcomeRecord): string {
  const what = `${String(outcome)}${typeof reason === "string" ? ` (${reason})` : ""} from ${String(peer)}`;
  return printable(typeof fix === "string" ? `${what}; fix: ${fix}` : what, 400);
}
