import { describeVerdict } from "../attempt.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { isAboutCredentials } from "../outcomes.ts";

const say = findingsOf("token");

/** Whether the gateway takes the token, or password, that is to be had here. */
export const token: Check<Facts> = ({ credential, plain, direct }) => {
  if (!direct || !plain)
    return say.unknown(
      "from" in credential ? `${credential.from}, not tried` : `${credential.why}; ${credential.fix}`,
    );
  if (!direct.connected && isAboutCredentials(direct.verdict.outcome)) {
    const word = describeVerdict(direct.verdict);
    if ("why" in credential) {
      // What a client is told would not do: the flags of OpenClaw's command are not doctor's.
      return say.fix(`the gateway wants one: ${word}; ${credential.why}`, credential.fix);
    }
    return say.fix(`the gateway did not take ${credential.from}: ${word}`, direct.fix);
  }
  if (direct.connected && !plain.connected) return say.ok("the gateway asks for none (see auth)");
  // Where credentials count, the right ones are enough without a device.
  if (!plain.connected) return say.unknown(`not judged: ${describeVerdict(plain.verdict)}`);
  if ("why" in credential) return say.ok("the gateway takes a client without one");
  const { from, warning } = credential;
  return warning === undefined
    ? say.ok(`the gateway takes ${from}`)
    : say.note(`the gateway takes it, but ${warning.why}; ${warning.fix}`);
};
