import { withAdvice } from "../../errors.ts";
import { authorityOf } from "../../net/authority.ts";
import { readEnvironment } from "../../settings/layers.ts";
import { listenersOf } from "../../settings/load.ts";
import type { OutcomeRecord } from "../../status/shim-client.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext, STATUS_FLAGS } from "../../cli/command.ts";
import { findService, type Service } from "./find-service.ts";
import { askShim, gatewayText, localAddress } from "./service-health.ts";

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
  service: Service = findService(context.flags, context.env),
): Promise<number> {
  const found = await gather(context, service);
  context.stdout.write(`${context.flags.json ? JSON.stringify(found) : linesOf(found).join("\n")}\n`);
  return found.gateway?.reachable ? 0 : 1;
}

async function gather({ flags, env, program }: CommandContext<typeof STATUS_FLAGS>, service: Service) {
  let state = await service.state();
  if (!state.installed && !state.system && process.platform === "linux") {
    const machine = await findService({ system: true }, env).state();
    if (machine.installed) state = machine;
  }
  const { installed, running, system, enabled, listen } = state;
  const own = localAddress(installed ? listen : listenersOf([readEnvironment(env)]));
  const address = localAddress(flags.listen) ?? own;
  const isStopped = installed && !running && address === own;
  const shim = address === undefined || isStopped ? {} : await askShim(address);
  const advice = {
    fix: installed ? "to start it automatically" : "to install it",
    command: `${program} install${system ? " --system" : ""}`,
  };
  return {
    ...state,
    listen: installed ? listen.map(authorityOf) : [],
    ...shim,
    ...((!installed || enabled === false) && advice),
  };
}

function linesOf(found: Awaited<ReturnType<typeof gather>>): string[] {
  const { name, installed, state, pid, socket, listen, address, version, gateway, outcomes = [] } = found;
  const problem = found.problem === undefined ? [] : [`  ${found.problem}`];
  const shim = gateway && [
    `  version: ${version}`,
    `  ${gatewayText(gateway)}${gateway.since === undefined ? "" : ` since ${gateway.since}`}`,
    outcomes.length === 0 ? "  no connection yet" : "  last outcomes:",
    ...outcomes.slice(-SHOWN).map((outcome) => `    ${outcomeLine(outcome)}`),
  ];
  if (!installed && shim) return [`not installed as a service, but a shim runs at ${address}`, ...shim];
  if (!installed) return [withAdvice(`${name}: not installed`, found), ...problem];
  return [
    `${name}: ${state}${pid === undefined ? "" : `, pid ${pid}`}`,
    ...(found.fix === undefined ? [] : [`  ${withAdvice("does not start automatically", found)}`]),
    ...(socket === undefined ? [] : [`  socket: ${socket}`]),
    `  listens on: ${listen.join(", ")}`,
    ...(address === undefined || listen.includes(address) ? [] : [`  asked at: ${address}`]),
    ...(shim ?? problem),
  ];
}

function outcomeLine({ outcome, reason, peer, fix }: OutcomeRecord): string {
  const what = `${String(outcome)}${typeof reason === "string" ? ` (${reason})` : ""} from ${String(peer)}`;
  return printable(typeof fix === "string" ? `${what}; fix: ${fix}` : what, 400);
}
