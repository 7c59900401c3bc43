import type { Advice } from "../../../errors.ts";
import { note, ok, toFix, unknown, type Check } from "../finding.ts";

const ADVICE: Advice = {
  fix: "run it under Node",
  command: "openclaw gateway install --runtime node --force",
};

/**
 * Judges the gateway's runtime, whose client addresses decide locality: Bun 1.4 gives them (measured with 2026.2.19
 * and 2026.9.6), but OpenClaw recommends Node (docs/install/bun.md).
 */
export const runtimeCheck: Check = {
  name: "runtime",
  async run({ gateway, runtime }) {
    const { unreachable, listener, direct } = await gateway();
    if (unreachable) return [];
    const name = listener?.program ?? (await runtime());
    if (name === undefined)
      return unknown("the gateway's process cannot be seen from here (another user or namespace)");
    if (name.startsWith("node")) return ok(`the gateway runs under ${name}`);
    if (!/^bun\b/.test(name)) {
      return note(`the process at the gateway's port is ${name}, neither node nor bun`, {
        fix: "if that is a proxy, give the gateway's own address with --gateway ws://127.0.0.1:PORT",
      });
    }
    const runs = "the gateway runs under Bun";
    if (direct?.connected === false && direct.verdict.outcome === "pairing-required")
      return toFix(`${runs}, and treats not even a clean loopback connection as local`, ADVICE);
    const local = direct?.connected ? "; it is local all the same" : "";
    return note(`${runs}, which OpenClaw does not recommend${local}`, ADVICE);
  },
};
