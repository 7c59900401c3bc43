import { OPERATOR_SCOPES } from "../../../openclaw/scopes.ts";
import { startCommand } from "../advice.ts";
import type { PairedDevice } from "../devices.ts";
import { versionOf, type Facts } from "../facts.ts";
import { findingsOf, type Check, type Finding } from "../finding.ts";
import {
  knowsImpliedScopes,
  parseRelease,
  refusesScopeUpgrades,
  type Release,
} from "../../../openclaw/releases.ts";
import { inSqlite, list, short } from "./words.ts";

const say = findingsOf("scopes");
const OPERATOR = "operator";

/** A device that asks for more than it was approved for. */
interface Shortfall {
  readonly device: PairedDevice;
  readonly asks: readonly string[];
  readonly missing: readonly string[];
  /** How it is known that it asks. */
  readonly seen: string;
}

/** Paired devices that are refused, or will be, because they ask for more scopes than they have. */
export const scopes: Check<Facts> = (facts) => {
  const { devices } = facts;
  if (!devices)
    return say.unknown(
      `who is paired for what is for operators to see, and none could connect${inSqlite(facts)}`,
    );
  const release = parseRelease(versionOf(facts));
  const shortfalls = devices.paired.flatMap((device) => shortfall(device, facts, release) ?? []);
  if (shortfalls.length > 0) return shortfalls.map((one) => describe(one, facts));
  return say.ok(`no paired device is known to ask for more than it has (${devices.paired.length} paired)`);
};

function shortfall(device: PairedDevice, facts: Facts, release: Release | undefined): Shortfall | undefined {
  const asked = askedBy(device, facts, release);
  for (const { asks, seen } of asked) {
    const missing = asks.filter((scope) => !has(device.scopes, scope, release));
    if (missing.length > 0) return { device, asks, missing, seen };
  }
  return undefined;
}

/** What a device asks for: what it waits for, what the shim saw refused, or what OpenClaw's command asks for at times. */
function askedBy(
  device: PairedDevice,
  { devices, shim, openclaw }: Facts,
  release: Release | undefined,
): { readonly asks: readonly string[]; readonly seen: string }[] {
  const { deviceId } = device;
  const waiting = devices?.pending.find((request) => request.deviceId === deviceId);
  const outcomes = shim.state === "running" ? shim.outcomes : [];
  const last = outcomes.findLast((outcome) => outcome.deviceId === deviceId);
  const refused = last?.outcome === "pairing-required" ? last : undefined;
  const isOwn = deviceId === openclaw.ownDeviceId && device.roles.includes(OPERATOR);
  return [
    ...(waiting ? [{ asks: waiting.scopes, seen: `asks for (request ${waiting.requestId})` }] : []),
    ...(refused ? [{ asks: refused.scopes, seen: "asked the shim for" }] : []),
    ...(isOwn && refusesScopeUpgrades(release)
      ? [{ asks: OPERATOR_SCOPES, seen: "is OpenClaw's own command, which asks at times for" }]
      : []),
  ];
}

/** OpenClaw `operator-scope-compat.ts`. */
function has(approved: readonly string[], scope: string, release: Release | undefined): boolean {
  if (approved.includes(scope)) return true;
  if (!knowsImpliedScopes(release) || !scope.startsWith(`${OPERATOR}.`)) return false;
  if (approved.includes("operator.admin")) return true;
  return scope === "operator.read" && approved.includes("operator.write");
}

function describe({ device, asks, missing, seen }: Shortfall, facts: Facts): Finding {
  return say.fix(
    `${device.client ?? "device"} ${short(device.deviceId)} is approved for ${list(device.scopes)}; it ${seen} ${list(asks)}: missing ${list(missing)}`,
    `when it is refused, openclaw devices approve its request, or let the shim: ${startCommand("run", facts)} --approve seen; with the gateway stopped, ${facts.program} pre-pair adds what OpenClaw's own command lacks`,
  );
}
