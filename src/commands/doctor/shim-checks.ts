import { reachableAt } from "../../net/authority.ts";
import type { DoctorContext } from "./doctor-context.ts";
import { list, note, ok, shimCommand, toFix, unknown, type Result, type Results } from "./finding.ts";
import { foreignHost, productsOf } from "./tool-paths.ts";

/** Judges whether a shim runs, and whether a new device is local through it. */
export async function checkShim(context: DoctorContext): Results {
  const { url } = context.settings.gateway;
  const { running, taken, attempt } = await context.shim();
  if (running) {
    const { address, version, unreachable } = running;
    const isDown = (await context.gateway()).plain.outcome === "gateway-unreachable";
    if (unreachable === undefined || isDown)
      return judge(context, `the shim at ${address}`, `openclaw-shim ${version} runs at ${address}`);
    const finding = `the shim at ${address} does not reach its gateway (${unreachable}), but ${url} is there`;
    return toFix(finding, `start it with --gateway ${url}`);
  }
  const through = await judge(context, "a temporary shim", "tried with a temporary one");
  if (taken) {
    const by = taken.by ? `${taken.by.shown} listens` : "something listens";
    const finding = `${by} at ${taken.address}, where the shim should, and is not a shim (${taken.why})`;
    return [toFix(finding, "stop it, or give the shim another address: --listen 127.0.0.1:PORT"), through];
  }
  const none = `no shim runs at ${context.settings.listen.map(reachableAt).join(", ")}`;
  const fix = `start it, or install it as a service: \`${shimCommand("install", context)}\``;
  const command = ["start-shim", shimCommand("run", context)] as const;
  if (through.status === "fix") return [note(none, fix, command), through];
  return note(attempt ? `${none}; ${through.finding}` : none, fix, command);
}

async function judge(context: DoctorContext, name: string, what: string): Promise<Result> {
  const { attempt } = await context.shim();
  const isLocal = (await context.gateway()).direct.connected;
  if (!attempt) return unknown(`${what}; a connection through it was not tried`);
  if (attempt.elsewhere) {
    const { url } = context.settings.gateway;
    const fix = `start it with --gateway ${url}, or run doctor with the shim's --gateway`;
    return toFix(`${name} leads to another gateway than ${url}`, fix);
  }
  if (attempt.connected && isLocal) return ok(`${what}: a new device is paired through it silently`);
  if (attempt.beyondCeiling)
    return note(`${what}, with a ceiling that refuses a test device (${attempt.reason})`);
  // The shim is not the cause if the gateway refuses everybody.
  if (attempt.connected || (!isLocal && attempt.outcome === "pairing-required"))
    return note(`${what}: it reaches the gateway; no new device was paired (see direct)`);
  return toFix(`through ${name}: ${attempt.what}`, attempt.fix);
}

/** Shows what the running shim removed from the connections of others: what the infrastructure around it adds. */
export async function checkTraffic({ shim }: DoctorContext): Results {
  const outcomes = (await shim()).running?.outcomes ?? [];
  if (outcomes.length === 0) return [];
  const marked = outcomes.filter(({ stripped }) => Object.keys(stripped).length > 0);
  const names = [...new Set(marked.flatMap(({ stripped }) => Object.keys(stripped)))].sort();
  const hosts = [...new Set(outcomes.flatMap(({ hostFrom }) => foreignHost(hostFrom) ?? []))];
  const of = `of the last ${outcomes.length} connection(s)`;
  if (marked.length === 0 && hosts.length === 0) return ok(`nothing was added to any ${of}`);
  const from = list([...new Set(marked.map(({ peer }) => peer)), ...productsOf(names)]);
  const parts = [
    marked.length > 0 && `${marked.length} ${of} came with ${list(names, 12)} (from ${from})`,
    hosts.length > 0 && `Host was rewritten to ${list(hosts, 4)}`,
  ];
  return note(`${parts.filter(Boolean).join("; ")}: the shim removed it`);
}
