import { describeVerdict } from "../attempt.ts";
import { startCommand } from "../advice.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check, type Finding } from "../finding.ts";
import { reachableAt } from "../../../net/authority.ts";
import { describeProcess } from "./words.ts";

const say = findingsOf("shim");

/** Whether a shim runs, and whether a new device is local through it. */
export const shim: Check<Facts> = (facts) => {
  const { shim: found, settings, unreachable } = facts;
  const where = settings.listen.map(reachableAt).join(", ");
  if (found.state === "running" && found.unreachable !== undefined && !unreachable) {
    return say.fix(
      `the shim at ${found.address} does not reach its gateway (${found.unreachable}), but ${settings.gateway.url} is there`,
      `start it with --gateway ${settings.gateway.url}`,
    );
  }
  if (found.state === "running") {
    return judge(
      facts,
      `the shim at ${found.address}`,
      `openclaw-shim ${found.version} runs at ${found.address}`,
    );
  }
  const start = `start it: ${startCommand("run", facts)}, or ${startCommand("install", facts)}`;
  const through = judge(facts, "a shim of doctor's own", "tried with one of doctor's own");
  const { taken } = found;
  if (taken) {
    const by = taken.by ? `${describeProcess(taken.by)} listens` : "something listens";
    return [
      say.fix(
        `${by} at ${taken.address}, where the shim should, and is no shim (${taken.why})`,
        "stop it, or give the shim another address: --listen 127.0.0.1:PORT",
      ),
      through,
    ];
  }
  if (through.status === "fix") return [say.note(`no shim runs at ${where}`, start), through];
  if (!found.attempt) return say.note(`no shim runs at ${where}`, start);
  return say.note(`no shim runs at ${where}; ${through.finding}`, start);
};

function judge(facts: Facts, who: string, ok: string): Finding {
  const { shim: found, direct, settings } = facts;
  const { attempt } = found;
  if (!attempt) return say.unknown(`${ok}; what comes through it was not tried`);
  if (found.state === "running" && found.elsewhere) {
    return say.fix(
      `${who} leads to another gateway than ${settings.gateway.url}`,
      `start it with --gateway ${settings.gateway.url}, or run doctor with the shim's --gateway`,
    );
  }
  if (!attempt.connected) {
    // What the gateway refuses to everybody is no fault of the shim's.
    const same = !direct?.connected && attempt.verdict.outcome === "pairing-required";
    if (same) return say.note(`${ok}: no new device is local through it either (see direct)`);
    return say.fix(`through ${who}: ${describeVerdict(attempt.verdict)}`, attempt.fix);
  }
  if (!direct?.connected)
    return say.note(`${ok}: it reaches the gateway, but no new device is local (see direct)`);
  return say.ok(`${ok}: a new device is paired through it without asking`);
}
