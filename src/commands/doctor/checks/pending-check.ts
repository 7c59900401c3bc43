import { shellWord, type Advice } from "../../../errors.ts";
import { holds } from "../../../openclaw/releases.ts";
import type { PendingDevice } from "../device-lists.ts";
import { ok, toFix, unknown, type Check } from "../finding.ts";
import { shortId } from "../findings-format.ts";
import { storeHint } from "../openclaw-files.ts";

/** A request is deleted five minutes after its last attempt (OpenClaw `device-pairing.ts`). */
const TTL_MS = 5 * 60_000;
const SHOWN = 5;

/** Judges the pending requests: their devices are refused, on most releases even if they are local now. */
export const pendingCheck: Check = {
  name: "pending",
  async run({ gateway, openclaw }) {
    const { devices, hello } = await gateway();
    if (!devices)
      return unknown(
        `pending devices are visible to operators only, and none could connect${storeHint(openclaw)}`,
      );
    const now = Date.now();
    const live = devices.pending.filter(({ at }) => at === undefined || now - at < TTL_MS);
    if (live.length === 0) return ok("no device waits to be approved");
    const isStale = holds("pendingStaysStale", hello?.version);
    const results = live.slice(0, SHOWN).map((request) => {
      const { deviceId, client = "a client", requestId, silent } = request;
      const own = deviceId === openclaw.ownDeviceId ? ", OpenClaw's own CLI here" : "";
      const stays =
        isStale && !silent
          ? "it was not local at first, and stays refused, local or not, until five minutes after its last attempt"
          : "it is refused until somebody approves it";
      return toFix(
        `${client} (device ${shortId(deviceId)}${own}) waits to be approved: ${stays}${clockHint(request, now)}`,
        adviceFor(requestId),
      );
    });
    const more = live.length - SHOWN;
    if (more <= 0) return results;
    return [
      ...results,
      toFix(`${more} more requests wait`, { fix: "list them", command: "openclaw devices list" }),
    ];
  },
};

/** A request from the future does not expire before then. */
function clockHint({ at }: PendingDevice, now: number): string {
  if (at === undefined || at <= now + 60_000) return "";
  return `; its time is ${Math.round((at - now) / 60_000)} min ahead of this clock: one of the clocks was set`;
}

function adviceFor(requestId: string): Advice {
  if (shellWord(requestId) === undefined)
    return {
      fix: "approve or reject it by its id: openclaw devices approve <requestId>",
      command: "openclaw devices list",
    };
  return {
    fix: `approve it; or, if it may be local now, reject it and let it retry: openclaw devices reject ${requestId}`,
    command: `openclaw devices approve ${requestId}`,
  };
}
