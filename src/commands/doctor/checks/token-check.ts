import { note, ok, toFix, unknown, type Check } from "../finding.ts";
import { describeVerdict, isAboutCredentials } from "../gateway-client.ts";

/** Judges whether the gateway accepts the token or password that was found here. */
export const tokenCheck: Check = {
  name: "token",
  async run({ credential, gateway }) {
    const { plain, direct } = await gateway();
    const missing = "why" in credential;
    if (!direct || !plain)
      return missing ? unknown(credential.why, credential) : unknown(`${credential.from}, not tried`);
    if (!direct.connected && isAboutCredentials(direct.verdict)) {
      const what = describeVerdict(direct.verdict);
      // The advice of the outcome names flags of OpenClaw's CLI, which doctor does not have.
      if (missing) return toFix(`the gateway requires one: ${what}; ${credential.why}`, credential);
      return toFix(`the gateway did not take ${credential.from}: ${what}`, direct.advice);
    }
    if (direct.connected && !plain.connected) return ok("the gateway requires none (see auth)");
    // If credentials count, the right ones are enough without a device.
    if (!plain.connected) return unknown(`not judged: ${describeVerdict(plain.verdict)}`);
    if (missing) return ok("the gateway accepts a client without one");
    const { from, warning } = credential;
    if (!warning) return ok(`the gateway accepts ${from}`);
    return note(`the gateway accepts it, but ${warning.why}`, warning);
  },
};
