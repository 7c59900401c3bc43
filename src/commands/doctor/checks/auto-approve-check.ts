import { note, toFix, type Check } from "../finding.ts";
import { requiresApproval } from "../openclaw-files.ts";
import { startCommand } from "../findings-format.ts";

/** Judges `gateway.nodes.pairing.autoApproveLocal`, a setting of 2026.4 and later. */
export const autoApproveCheck: Check = {
  name: "autoApproveLocal",
  async run(context) {
    if (!requiresApproval(context.openclaw)) return [];
    const isFalse = "gateway.nodes.pairing.autoApproveLocal is false";
    const advice = {
      fix: `set it to true and restart the gateway; or keep it, and approve each device: openclaw devices approve, or ${startCommand("run", context)} --approve seen`,
      command: "openclaw config set gateway.nodes.pairing.autoApproveLocal true && openclaw gateway restart",
    };
    if ((await context.gateway()).direct?.connected)
      return note(`${isFalse}, but the running gateway does not apply it`, advice);
    return toFix(`${isFalse}: the gateway pairs no device silently, not even a local one`, advice);
  },
};
