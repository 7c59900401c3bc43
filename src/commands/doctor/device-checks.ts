import { shellWord } from "../../errors.ts";
import { holds } from "../../openclaw/releases.ts";
import { coversScope, OPERATOR_SCOPES } from "../../openclaw/scopes.ts";
import type { DoctorContext } from "./doctor-context.ts";
import { DEVICE_NAME } from "./gateway-attempt.ts";
import { list, note, ok, shimCommand, toFix, unknown, type Results } from "./finding.ts";

/** A request is deleted five minutes after its last attempt (OpenClaw `device-pairing.ts`). */
const TTL_MS = 5 * 60_000;
const SHOWN = 5;

/** Judges the pending requests: their devices are refused, even if they are local now, or a node may not run commands. */
export async function checkPending({ gateway, openclaw }: DoctorContext): Results {
  const { devices, nodes } = await gateway();
  const store = openclaw.sqlite ? "; the store is SQLite, which only the gateway reads" : "";
  if (!devices) return unknown(`devices are visible to operators only, and none could connect${store}`);
  const all = devices.pending.filter(({ at }) => at === undefined || Date.now() - at < TTL_MS);
  const live = all.filter(({ name }) => name !== DEVICE_NAME);
  const own = all.length - live.length;
  const others = nodes.slice(0, SHOWN).map(({ nodeId, requestId, client = "a node", commands }) => {
    const finding = `${client} (node ${nodeId.slice(0, 12)}…) may connect, but not run these commands until they are approved`;
    const id = shellWord(requestId);
    const command = id === undefined ? undefined : (["approve-node", id] as const);
    return toFix(`${finding}: ${list(commands)}`, "approve them", command);
  });
  if (own > 0) others.push(note(`${own} request(s) of doctor's own test devices expire within minutes`));
  if (live.length + others.length === 0) return ok("no device waits to be approved");
  const results = live.slice(0, SHOWN).map(({ deviceId, client, requestId, silent, at = 0 }) => {
    // A paired device asks for more than it was approved for: `scopes` says what.
    const isStale = !silent && devices.paired.every((paired) => paired.deviceId !== deviceId);
    const stays = isStale
      ? "its first attempt could not be paired silently, so it stays refused, local or not, until five minutes after its last one"
      : "it is refused until somebody approves it";
    // A request from the future does not expire before then.
    const ahead = Math.round((at - Date.now()) / 60_000);
    const clock = ahead > 1 ? `; its time is ${ahead} min ahead of this clock: one of them is wrong` : "";
    const id = shellWord(requestId);
    return toFix(
      `${client ?? "a client"} (device ${deviceId.slice(0, 12)}…) waits to be approved: ${stays}${clock}`,
      isStale ? "approve it; or, if it may be local now, reject it and let it retry" : "approve it",
      id === undefined ? undefined : ["approve-device", id],
    );
  });
  const more = live.length - SHOWN;
  if (more > 0) results.push(toFix(`${more} more requests wait`, "list them with `openclaw devices list`"));
  return [...results, ...others];
}

/** Judges whether paired devices are refused because they request more scopes than were approved. */
export async function checkScopes(context: DoctorContext): Results {
  const { openclaw, program, gateway, shim } = context;
  const { devices, hello } = await gateway();
  // Then `pending` says why.
  if (!devices) return [];
  const hasImplied = holds("impliedScopes", hello?.version);
  const refusesUpgrades = holds("scopeUpgradesRefused", hello?.version);
  const outcomes = (await shim()).running?.outcomes ?? [];
  const update = refusesUpgrades
    ? "; OpenClaw 2026.8.1 and later grants local devices more scopes silently, without a shim"
    : "";
  const fix = `when it is refused, \`openclaw devices approve\` its request, or let the shim: \`${shimCommand("run", context)} --approve seen\`; with the gateway stopped, \`${program} pre-pair\` adds what OpenClaw's own CLI lacks${update}`;
  const results = devices.paired.flatMap(({ deviceId, client = "device", roles, scopes }) => {
    const isMissing = (scope: string): boolean =>
      !(hasImplied ? coversScope(scopes, scope) : scopes.includes(scope));
    const pending = devices.pending.find((request) => request.deviceId === deviceId);
    const seen = outcomes.findLast((outcome) => outcome.deviceId === deviceId);
    const isOwn = deviceId === openclaw.ownDeviceId && roles.includes("operator");
    const requests: [how: string, asks: readonly string[]][] = [];
    if (pending) requests.push([`asks for (request ${pending.requestId})`, pending.scopes]);
    if (seen?.outcome === "pairing-required") requests.push(["asked the shim for", seen.scopes]);
    if (isOwn && refusesUpgrades)
      requests.push(["is OpenClaw's own CLI, which asks at times for", OPERATOR_SCOPES]);
    const [how, asks = []] = requests.find(([, all]) => all.some(isMissing)) ?? [];
    if (how === undefined) return [];
    const approved = `${client} ${deviceId.slice(0, 12)}… is approved for ${list(scopes)}`;
    return toFix(`${approved}; it ${how} ${list(asks)}: missing ${list(asks.filter(isMissing))}`, fix);
  });
  if (results.length > 0) return results;
  return ok(`no paired device is known to request more than it has (${devices.paired.length} paired)`);
}

/** Removes this run's test devices and reports those that could not be removed. It is the last check. */
export async function checkLeftovers({ leftovers }: DoctorContext): Results {
  return (await leftovers()).map(({ deviceId, requestId, at }) => {
    const where = at === undefined ? "" : ` at the gateway behind ${at}`;
    const there = at === undefined ? "" : " on that gateway's machine";
    const device = `doctor's test device ${deviceId}`;
    if (requestId === undefined) {
      const finding = `${device} may be paired${where}: it could not be removed`;
      return toFix(finding, `remove it${there} with \`openclaw devices remove\``);
    }
    return note(
      `the request ${requestId} of ${device}${where} could not be rejected; it expires within five minutes`,
    );
  });
}
