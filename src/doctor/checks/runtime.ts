import { findingsOf, type Check } from "../finding.ts";
import type { Facts } from "../facts.ts";

const say = findingsOf("runtime");

/**
 * Whether the gateway runs under Bun. Under Bun 1.4 all releases here knew a loopback client (measured); what older
 * ones give as the address of a peer is not sure, and without one nothing is local.
 */
export const runtime: Check<Facts> = ({ listener, runtime: logged, direct, unreachable }) => {
  if (unreachable) return [];
  const name = listener?.program ?? logged;
  if (name === undefined)
    return say.unknown("who runs the gateway cannot be seen from here (another user or namespace)");
  if (!/^bun\b/.test(name)) return say.ok(`the gateway runs under ${name}`);
  const fix =
    "run the gateway under Node: openclaw gateway install --force, or node openclaw.mjs gateway run";
  if (direct?.connected)
    return say.note(
      "the gateway runs under Bun, which OpenClaw does not recommend; it is local all the same",
      fix,
    );
  return say.fix(
    "the gateway runs under Bun: older ones do not give it a client's address, so none is local",
    fix,
  );
};
