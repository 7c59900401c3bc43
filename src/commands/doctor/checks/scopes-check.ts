import { holds } from "../../../openclaw/releases.ts";
import { coversScope, OPERATOR_SCOPES } from "../../../openclaw/scopes.ts";
import type { PairedDevice } from "../device-lists.ts";
import type { DoctorContext } from "../doctor-context.ts";
import { ok, toFix, unknown, type Check, type Result } from "../finding.ts";
import { list, shortId } from "../findings-format.ts";
import { storeHint } from "../openclaw-files.ts";
import { startCommand } from "../findings-format.ts";

/** Judges whether paired devices are refused because they request more scopes than were approved. */
export const scopesCheck: Check = {
  name: "scopes",
  async run(context) {
    const { devices } = await context.gateway();
    if (!devices)
      return unknown(
        `paired devices are visible to operators only, and none could connect${storeHint(context.openclaw)}`,
      );
    const results = await Promise.all(devices.paired.map((device) => judge(device, context)));
    const shortfalls = results.filter((result) => result !== undefined);
    if (shortfalls.length > 0) return shortfalls;
    return ok(`no paired device is known to request more than it has (${devices.paired.length} paired)`);
  },
};

async function judge(device: PairedDevice, context: DoctorContext): Promise<Result | undefined> {
  const { program, gateway } = context;
  const { hello } = await gateway();
  const covers = holds("impliedScopes", hello?.version)
    ? coversScope
    : (held: readonly string[], scope: string) => held.includes(scope);
  for (const { asks, how } of await requests(device, context)) {
    const missing = asks.filter((scope) => !covers(device.scopes, scope));
    if (missing.length === 0) continue;
    const name = `${device.client ?? "device"} ${shortId(device.deviceId)}`;
    return toFix(
      `${name} is approved for ${list(device.scopes)}; it ${how} ${list(asks)}: missing ${list(missing)}`,
      {
        fix: `when it is refused, openclaw devices approve its request, or let the shim: ${startCommand("run", context)} --approve seen; with the gateway stopped, ${program} pre-pair adds what OpenClaw's own CLI lacks`,
      },
    );
  }
  return undefined;
}

/** Returns what a device requests: in its pending request, in the shim's outcomes, or as OpenClaw's CLI at times. */
async function requests({ deviceId, roles }: PairedDevice, { gateway, shim, openclaw }: DoctorContext) {
  const { devices, hello } = await gateway();
  const pending = devices?.pending.find((request) => request.deviceId === deviceId);
  const seen = (await shim()).running?.outcomes.findLast((outcome) => outcome.deviceId === deviceId);
  const isOwn = deviceId === openclaw.ownDeviceId && roles.includes("operator");
  return [
    ...(pending ? [{ asks: pending.scopes, how: `asks for (request ${pending.requestId})` }] : []),
    ...(seen?.outcome === "pairing-required" ? [{ asks: seen.scopes, how: "asked the shim for" }] : []),
    ...(isOwn && holds("scopeUpgradesRefused", hello?.version)
      ? [{ asks: OPERATOR_SCOPES, how: "is OpenClaw's own CLI, which asks at times for" }]
      : []),
  ];
}
