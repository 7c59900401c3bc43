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
  const { state, shim, advice } = await gather(context, service);
  const json = context.flags.json && JSON.stringify({ ...state, ...shim, ...advice });
  context.stdout.write(`${json || lines({ state, shim, advice }).join("\n")}\n`);
  return shim && shim.problem === undefined && shim.gateway.reachable ? 0 : 1;
}

async function gather({ flags, env, program }: CommandContext<typeof STATUS_FLAGS>, service: Service) {
  let found = await service.state();
  if (!found.installed && !found.system && process.platform === "linux") {
    const machine = await findService({ system: true }, env).state();
    if (machine.installed) found = machine;
  }
  const { installed, running, system, enabled, listen } = found;
  const own = localAddress(installed ? listen : listenersOf([readEnvironment(env)]));
  const address = localAddress(flags.listen) ?? own;
  const isStopped = installed && !running && address === own;
  const advice = {
    fix: installed ? "to start it automatically" : "to install it",
    command: `${program} install${system ? " --system" : ""}`,
  };
  return {
    state: { ...found, listen: installed ? listen.map(authorityOf) : [] },
    shim: address === undefined || isStopped ? undefined : await askShim(address),
    advice: installed && enabled !== false ? undefined : advice,
  };
}

function lines({ state, shim, advice }: Awaited<ReturnType<typeof gather>>): string[] {
  const { name, installed, pid, socket, listen } = state;
  const report = shim ? reportLines(shim) : [];
  if (!installed && shim && shim.problem === undefined)
    return [`not installed as a service, but a shim runs at ${shim.address}`, ...report];
  if (!installed) return [withAdvice(`${name}: not installed`, advice), ...report];
  return [
    `${name}: ${state.state}${pid === undefined ? "" : `, pid ${pid}`}`,
    ...(advice ? [`  ${withAdvice("does not start automatically", advice)}`] : []),
    ...(socket === undefined ? [] : [`  socket: ${socket}`]),
    `  listens on: ${listen.join(", ")}`,
    ...(!shim || listen.includes(shim.address) ? [] : [`  asked at: ${shim.address}`]),
    ...report,
  ];
}

function reportLines(shim: Awaited<ReturnType<typeof askShim>>): string[] {
  if (shim.problem !== undefined) return [`  ${shim.problem}`];
  const { version, gateway, outcomes } = shim;
  return [
    `  version: ${version}`,
    `  ${gatewayText(gateway)}${gateway.since === undefined ? "" : ` since, at the latest, ${gateway.since}`}`,
    ...(gateway.fix === undefined ? [] : [`    fix: ${gateway.fix}`]),
    outcomes.length === 0 ? "  no connection yet" : "  last outcomes:",
    ...outcomes.slice(-SHOWN).map((outcome) => `    ${outcomeLine(outcome)}`),
  ];
}

function outcomeLine({ outcome, reason, peer, fix }: OutcomeRecord): string {
  const what = `${String(outcome)}${typeof reason === "string" ? ` (${reason})` : ""} from ${String(peer)}`;
  return printable(typeof fix === "string" ? `${what}; fix: ${fix}` : what, 400);
}
