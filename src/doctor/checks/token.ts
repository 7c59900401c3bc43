import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { describeVerdict } from "../attempt.ts";

const say = findingsOf("token");

const CREDENTIALS = new Set(["unauthorized", "rate-limited", "device-invalid", "device-required"]);

/** Whether the gateway takes the token that is to be had here. */
export const token: Check<Facts> = ({ token: found, plain, direct }) => {
  if (!direct || !plain) return say.unknown("from" in found ? `${found.from}, not tried` : found.why);
  const refused = !direct.connected && CREDENTIALS.has(direct.verdict.outcome) ? direct : undefined;
  if (refused) {
    const word = describeVerdict(refused.verdict);
    if ("why" in found) return say.fix(`the gateway wants one: ${word}; ${found.why}`, refused.fix);
    return say.fix(`the gateway did not take ${found.from}: ${word}`, refused.fix);
  }
  // Where credentials count, the right ones are enough without a device; where none count, a device is wanted.
  if (plain.connected)
    return say.ok(`the gateway takes ${"from" in found ? found.from : "a client without one"}`);
  if (direct.connected) return say.ok("the gateway asks for none (see auth)");
  return say.unknown(`not judged: ${describeVerdict(direct.verdict)}`);
};
