import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";

const say = findingsOf("runtime");
const FIX =
  "run it under Node: openclaw gateway install --runtime node --force, or openclaw.mjs gateway run by node";

/**
 * Whether the gateway runs under Bun. Locality hangs on the address that the runtime gives for a client: Bun 1.4 gives
 * it (measured with 2026.2.19 and 2026.9.6); OpenClaw takes Bun since 1.4 alone, and recommends Node
 * (docs/install/bun.md).
 */
export const runtime: Check<Facts> = ({ listener, runtime: logged, direct, unreachable }) => {
  if (unreachable) return [];
  const name = listener?.program ?? logged;
  if (name === undefined)
    return say.unknown("who runs the gateway cannot be seen from here (another user or namespace)");
  if (name.startsWith("node")) return say.ok(`the gateway runs under ${name}`);
  if (!/^bun\b/.test(name)) {
    return say.note(
      `what listens at the gateway's port is ${name}, neither node nor bun`,
      "if that is a proxy, give the gateway's own address with --gateway ws://127.0.0.1:PORT",
    );
  }
  const local = direct?.connected === true;
  const refused = direct?.connected === false && direct.verdict.outcome === "pairing-required";
  const runs = "the gateway runs under Bun";
  if (refused) return say.fix(`${runs}, and takes not even a clean loopback connection for local`, FIX);
  return say.note(
    `${runs}, which OpenClaw does not recommend${local ? "; it is local all the same" : ""}`,
    FIX,
  );
};
