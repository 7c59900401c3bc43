import { gatewayLine, type Health } from "./health.ts";
import type { ServiceStatus } from "./status.ts";
import { serviceStatus } from "./status.ts";
import { authorityOf } from "../../net/authority.ts";
import { readFlags } from "../../settings/flags.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext } from "../command.ts";
import { callerOf } from "./supervised.ts";

/** The last outcomes that people are shown; `--json` has all that the shim keeps. */
const SHOWN = 5;

/**
 * Tells how the service is: the unit, where it listens, whether the gateway is reachable, the last outcomes.
 *
 * @returns 0 when a shim runs, as a service or without one, and the gateway is reachable, else 1
 * @throws SettingsError
 */
export async function status(context: CommandContext): Promise<number> {
  const { args, flags, stdout } = context;
  const found = await serviceStatus(args, flags, callerOf(context));
  const json = readFlags(args, flags).flags.has("json");
  stdout.write(json ? `${JSON.stringify(asJson(found))}\n` : `${lines(found, context.program).join("\n")}\n`);
  return healthOf(found)?.gateway.reachable ? 0 : 1;
}

function asJson(found: ServiceStatus): unknown {
  const { service, address, answer } = found;
  const health = healthOf(found);
  return {
    ...service,
    listen: found.service.installed ? addresses(found) : [],
    ...(address !== undefined && { address }),
    ...(answer && "why" in answer && { problem: answer.why }),
    ...(health && { version: health.version, gateway: health.gateway, outcomes: health.outcomes }),
  };
}

function lines(found: ServiceStatus, program: string): string[] {
  const { service, address, answer, system } = found;
  const health = healthOf(found);
  const install = `${program} install${system ? " --system" : ""}`;
  if (!service.installed) {
    if (health) return [`not installed as a service; but a shim runs at ${address}`, ...healthLines(health)];
    const nobody = answer && "why" in answer ? [`  ${answer.why}`] : [];
    return [`${service.name}: not installed; ${install} does that`, ...nobody];
  }
  return [
    `${service.name}: ${service.state}${service.pid === undefined ? "" : `, pid ${service.pid}`}`,
    ...(service.enabled === false ? [`  does not start by itself; ${install} mends that`] : []),
    ...(service.socket === undefined ? [] : [`  socket: ${service.socket}`]),
    `  listens on: ${addresses(found).join(", ")}`,
    ...(address === undefined || addresses(found).includes(address) ? [] : [`  asked at: ${address}`]),
    ...(answer && "why" in answer ? [`  ${answer.why}`] : []),
    ...(health ? healthLines(health) : []),
  ];
}

function healthLines(health: Health): string[] {
  const { gateway, outcomes, version } = health;
  const since = gateway.since === undefined ? "" : ` since ${printable(gateway.since, 40)}`;
  const last = outcomes.slice(-SHOWN);
  return [
    `  version: ${printable(version, 40)}`,
    `  ${gatewayLine(health)}${since}`,
    last.length === 0 ? "  no connection yet" : "  last outcomes:",
    ...last.map((outcome) => `    ${outcomeLine(outcome)}`),
  ];
}

function outcomeLine({ outcome, reason, peer, fix }: Readonly<Record<string, unknown>>): string {
  const word = [outcome, typeof reason === "string" && `(${reason})`, `from ${String(peer)}`];
  const what = word.filter((part) => typeof part === "string").join(" ");
  return printable(typeof fix === "string" ? `${what}; fix: ${fix}` : what, 400);
}

function addresses({ service }: ServiceStatus): string[] {
  return service.listen.map(authorityOf);
}

function healthOf({ answer }: ServiceStatus): Health | undefined {
  return answer && "health" in answer ? answer.health : undefined;
}
