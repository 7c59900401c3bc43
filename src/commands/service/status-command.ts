import { withAdvice } from "../../text/advice.ts";
import { authorityOf } from "../../net/authority.ts";
import { readEnvironment } from "../../settings/layers.ts";
import { listenersOf } from "../../settings/load.ts";
import type { OutcomeRecord } from "../../status/shim-client.ts";
import { fieldsOf } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext, STATUS_FLAGS } from "../../cli/command.ts";
import { findService, type Service } from "./find-service.ts";
import { askShim, gatewayText, localAddress } from "./service-health.ts";

type Shim = Awaited<ReturnType<typeof askShim>>;

/** How many outcomes are printed; `--json` has all that the shim keeps. */
const SHOWN = 5;

/**
 * Prints the state of the service, its listeners, the gateway and the last outcomes. Starts nothing: a stopped service
 * is not asked at its socket, because a connection would start it. Without a service it asks the shim at `--listen` or the default.
 *
 * @returns 0 if a shim runs, as a service or not, and reaches the gateway; else 1
 * @throws SettingsError
 */
export async function status(
  context: CommandContext<typeof STATUS_FLAGS>,
  service: Service = findService(context.flags, context.env),
): Promise<number> {
  const found = await gather(context, service);
  const { state, shim, advice } = found;
  const json = context.flags.json && JSON.stringify({ ...state, ...shim, ...advice });
  context.stdout.write(`${json || lines(found).join("\n")}\n`);
  return isResponding(shim) && shim.gateway.reachable ? 0 : 1;
}

async function gather({ flags, env, program }: CommandContext<typeof STATUS_FLAGS>, service: Service) {
  const hasOther = !service.scope.system && process.platform === "linux";
  // At the same time: systemctl(1) takes as long as the rest.
  const [selected, machine] = await Promise.all([
    service.state(),
    hasOther ? findService({ system: true }, env).state() : undefined,
  ]);
  const found = !selected.installed && machine?.installed ? machine : selected;
  const { installed, running, system, enabled, listen, socket } = found;
  const own = localAddress(installed ? listen : listenersOf([readEnvironment(env)]));
  const address = localAddress(flags.listen) ?? own;
  const wouldStart = installed && !running && socket?.startsWith("active") && address === own;
  const shim = address === undefined || wouldStart ? undefined : await askShim(address);
  const advice = {
    fix: installed ? "to start it automatically" : "to install it",
    command: `${program} install${system ? " --system" : ""}`,
  };
  return {
    state: {
      ...found,
      running: running || isResponding(shim),
      state: installed ? found.state : undefined,
      listen: installed ? listen.map(authorityOf) : [],
    },
    shim,
    byHand: !running && isResponding(shim),
    advice: installed && enabled !== false ? undefined : advice,
  };
}

function lines({ state, shim, byHand, advice }: Awaited<ReturnType<typeof gather>>): string[] {
  const { name, installed, lastError, pid, socket, listen } = state;
  const report = shim ? reportLines(shim) : [];
  if (!installed && byHand)
    return [`not installed as a service, but a shim runs at ${shim?.address}`, ...report];
  if (!installed) return [withAdvice(`${name}: not installed`, advice), ...report];
  return [
    `${name}: ${state.state}${pid === undefined ? "" : `, pid ${pid}`}`,
    ...(lastError === undefined ? [] : [`  last error: ${lastError}`]),
    ...(advice ? [`  ${withAdvice("does not start automatically", advice)}`] : []),
    ...(socket === undefined ? [] : [`  socket: ${socket}`]),
    `  listens on: ${listen.join(", ")}`,
    ...(byHand ? [`  another shim, which is not the service, runs at ${shim?.address}`] : []),
    ...(!shim || byHand || listen.includes(shim.address) ? [] : [`  asked at: ${shim.address}`]),
    ...report,
  ];
}

function reportLines(shim: Shim): string[] {
  if (shim.problem !== undefined) return [`  ${shim.problem}`];
  const { version, gateway, outcomes } = shim;
  return [
    `  version: ${version}`,
    `  ${gatewayText(gateway)}${gateway.since === undefined ? "" : ` since, at the latest, ${gateway.since}`}`,
    ...(gateway.fix === undefined ? [] : [`    fix: ${gateway.fix}`]),
    outcomes.length === 0 ? "  no connection yet" : "  last outcomes, newest first:",
    ...outcomes.slice(0, SHOWN).map((outcome) => `    ${outcomeLine(outcome)}`),
  ];
}

function isResponding<T extends Shim>(shim: T | undefined): shim is Extract<T, { readonly version: string }> {
  return shim !== undefined && shim.problem === undefined;
}

function outcomeLine({ time, outcome, reason, client, peer, fix, command }: OutcomeRecord): string {
  const { id, version } = fieldsOf(client);
  const who = [id, version].filter((part) => typeof part === "string").join(" ") || "an unknown client";
  const what = `${String(outcome)}${typeof reason === "string" ? ` (${reason})` : ""}`;
  const line = `${String(time)} ${what}: ${who} at ${String(peer)}`;
  const advice = [fix, command].filter((part) => typeof part === "string").join(": ");
  return printable(advice === "" ? line : `${line}; fix: ${advice}`, 600);
}
