import { loopbackProxies } from "../causes.ts";
import { versionOf, type Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { isTrappedByTrustedProxies, parseRelease } from "../../../openclaw/releases.ts";
import { list } from "./words.ts";

const say = findingsOf("trustedProxies");
const FIX =
  "take loopback out of it: openclaw config unset gateway.trustedProxies (or set it to your real proxies), then openclaw gateway restart";

/**
 * The trap of gateway.md section 1: with loopback among `gateway.trustedProxies`, no loopback connection is local on
 * the releases before 2026.4, whatever its headers.
 */
export const trustedProxies: Check<Facts> = (facts) => {
  const entries = loopbackProxies(facts);
  if (!facts.openclaw.gateway) return [];
  if (entries.length === 0) return say.ok("gateway.trustedProxies does not cover loopback");
  const covers = `gateway.trustedProxies covers loopback (${list(entries, 4)})`;
  const version = versionOf(facts);
  const release = parseRelease(version);
  if (facts.direct?.connected === true) {
    const harmless = release !== undefined && !isTrappedByTrustedProxies(release);
    return harmless
      ? say.note(`${covers}: no help, but no harm to locality either on ${version}`, FIX)
      : say.fix(
          `${covers}: the running gateway does not have it yet, but from its next start nothing is local`,
          FIX,
        );
  }
  if (!isTrappedByTrustedProxies(release))
    return say.note(`${covers}: no harm to locality on ${version}`, FIX);
  const on = release ? `on ${version}` : "before 2026.4";
  return say.fix(
    `${covers}: ${on} that makes no loopback connection local, and no header work can help`,
    FIX,
  );
};
