import { isWord } from "../../../outcome/fixes.ts";
import type { PendingDevice } from "../devices.ts";
import { versionOf, type Facts } from "../facts.ts";
import { findingsOf, type Check, type Finding } from "../finding.ts";
import { keepsStickyRequests, parseRelease } from "../../../openclaw/releases.ts";
import { inSqlite, short } from "./words.ts";

const say = findingsOf("pending");

/** OpenClaw `device-pairing.ts`: five minutes after the last attempt a request is gone. */
const TTL_MS = 5 * 60_000;
const SHOWN = 5;

/** Requests that wait for somebody: on the older releases such a device is refused even when it is local by now. */
export const pending: Check<Facts> = (facts) => {
  const { devices, now } = facts;
  if (!devices)
    return say.unknown(
      `who waits to be paired is for operators to see, and none could connect${inSqlite(facts)}`,
    );
  const live = devices.pending.filter(({ at }) => at === undefined || now - at < TTL_MS);
  if (live.length === 0) return say.ok("no device waits to be approved");
  const more = live.length - SHOWN;
  return [
    ...live.slice(0, SHOWN).map((request) => judge(request, facts)),
    ...(more > 0 ? [say.fix(`${more} more requests wait`, "openclaw devices list")] : []),
  ];
};

function judge(request: PendingDevice, facts: Facts): Finding {
  const { deviceId, client, requestId, silent, at } = request;
  const own = deviceId === facts.openclaw.ownDeviceId ? ", OpenClaw's own command here" : "";
  const who = `${client ?? "a client"} (device ${short(deviceId)}${own})`;
  const sticky = !silent && keepsStickyRequests(parseRelease(versionOf(facts)));
  const stays = sticky
    ? "it was not local at first, and stays refused, local or not, until five minutes after its last attempt"
    : "it is refused until somebody approves";
  return say.fix(`${who} waits to be approved: ${stays}${clock(at, facts.now)}`, fixFor(requestId));
}

/** A request from the future does not expire before then. */
function clock(at: number | undefined, now: number): string {
  if (at === undefined || at <= now + 60_000) return "";
  return `; its time is ${Math.round((at - now) / 60_000)} min ahead of this clock: one of the clocks was set`;
}

function fixFor(requestId: string): string {
  if (!isWord(requestId)) return "openclaw devices list, then openclaw devices approve or reject <requestId>";
  return `openclaw devices approve ${requestId}; or, if it may be local now, openclaw devices reject ${requestId} and let it try again`;
}
