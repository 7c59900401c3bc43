import type { Advice } from "../../../errors.ts";
import { holds, isRelease } from "../../../openclaw/releases.ts";
import { note, ok, toFix, type Check } from "../finding.ts";
import { list } from "../findings-format.ts";
import { loopbackProxies } from "../openclaw-files.ts";

const ADVICE: Advice = {
  fix: "remove loopback from it (or set it to your real proxies), and restart the gateway",
  command: "openclaw config unset gateway.trustedProxies && openclaw gateway restart",
};

/** Judges `gateway.trustedProxies`: on older releases, nothing is local if it covers loopback. */
export const trustedProxiesCheck: Check = {
  name: "trustedProxies",
  async run({ openclaw, settings, gateway }) {
    if (!openclaw.gateway) return [];
    const entries = loopbackProxies(openclaw, settings);
    if (entries.length === 0) return ok("gateway.trustedProxies does not cover loopback");
    const { direct, hello } = await gateway();
    const covers = `gateway.trustedProxies covers loopback (${list(entries, 4)})`;
    const version = hello?.version;
    const isTrap = holds("trustedProxiesUnlocal", version);
    if (!isTrap) return note(`${covers}: no harm to locality on ${version}`, ADVICE);
    if (direct?.connected === true) {
      const when = "the running gateway does not use it yet, but from its next start nothing is local";
      return toFix(`${covers}: ${when}`, ADVICE);
    }
    const on = isRelease(version) ? `on ${version}` : "before 2026.4";
    const effect = "that makes no loopback connection local, and no change to headers can help";
    return toFix(`${covers}: ${on} ${effect}`, ADVICE);
  },
};
