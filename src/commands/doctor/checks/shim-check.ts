import { reachableAt } from "../../../net/authority.ts";
import type { DoctorContext } from "../doctor-context.ts";
import { note, ok, toFix, unknown, type Check, type Result } from "../finding.ts";
import { describeVerdict } from "../gateway-client.ts";
import { describeProcess } from "../listening-process.ts";
import { startCommand } from "../findings-format.ts";

/** Judges whether a shim runs, and whether a new device is local through it. */
export const shimCheck: Check = {
  name: "shim",
  async run(context) {
    const { settings } = context;
    const { running, taken, attempt } = await context.shim();
    if (running) {
      const { address, version, unreachable } = running;
      if (unreachable !== undefined && !(await context.gateway()).unreachable) {
        return toFix(
          `the shim at ${address} does not reach its gateway (${unreachable}), but ${settings.gateway.url} is there`,
          { fix: `start it with --gateway ${settings.gateway.url}` },
        );
      }
      return judge(context, `the shim at ${address}`, `openclaw-shim ${version} runs at ${address}`);
    }
    const through = await judge(context, "a temporary shim", "tried with a temporary one");
    if (taken) {
      const by = taken.by ? `${describeProcess(taken.by)} listens` : "something listens";
      return [
        toFix(`${by} at ${taken.address}, where the shim should, and is not a shim (${taken.why})`, {
          fix: "stop it, or give the shim another address: --listen 127.0.0.1:PORT",
        }),
        through,
      ];
    }
    const none = `no shim runs at ${settings.listen.map(reachableAt).join(", ")}`;
    const start = {
      fix: `start it, or install it as a service: ${startCommand("install", context)}`,
      command: startCommand("run", context),
    };
    if (through.status === "fix") return [note(none, start), through];
    return note(attempt ? `${none}; ${through.finding}` : none, start);
  },
};

async function judge(
  { settings, shim, gateway }: DoctorContext,
  name: string,
  what: string,
): Promise<Result> {
  const { attempt, elsewhere } = await shim();
  const isLocal = (await gateway()).direct?.connected === true;
  if (!attempt) return unknown(`${what}; a connection through it was not tried`);
  if (elsewhere) {
    const { url } = settings.gateway;
    const fix = `start it with --gateway ${url}, or run doctor with the shim's --gateway`;
    return toFix(`${name} leads to another gateway than ${url}`, { fix });
  }
  if (attempt.connected) {
    if (isLocal) return ok(`${what}: a new device is paired through it silently`);
    return note(`${what}: it reaches the gateway, but no new device is local (see direct)`);
  }
  // The shim is not the cause if the gateway refuses everybody.
  if (!isLocal && attempt.verdict.outcome === "pairing-required")
    return note(`${what}: no new device is local through it either (see direct)`);
  return toFix(`through ${name}: ${describeVerdict(attempt.verdict)}`, attempt.advice);
}
