import { startCommand } from "../advice.ts";
import { asksForEveryDevice } from "../causes.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";

const say = findingsOf("autoApproveLocal");

/** Whether the gateway was told to ask for every device, local or not. The setting is younger than 2026.4. */
export const autoApproveLocal: Check<Facts> = (facts) => {
  if (!asksForEveryDevice(facts)) return [];
  const is = "gateway.nodes.pairing.autoApproveLocal is false";
  const fix = `openclaw config set gateway.nodes.pairing.autoApproveLocal true, then openclaw gateway restart; or keep it, and approve each device: openclaw devices approve, or ${startCommand("run", facts)} --approve seen`;
  if (facts.direct?.connected) return say.note(`${is}, but the running gateway does not go by it`, fix);
  return say.fix(`${is}: the gateway asks before it pairs any device, local ones too`, fix);
};
