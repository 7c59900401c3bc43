import { isLoopbackName, parseAuthority } from "../../../net/authority.ts";
import { holds } from "../../../openclaw/releases.ts";
import type { DoctorContext, GatewayFacts } from "../doctor-context.ts";
import { ok, toFix, unknown, type Check } from "../finding.ts";
import { describeVerdict, isAboutCredentials, isAboutGateway } from "../gateway-client.ts";
import { loopbackProxies, requiresApproval } from "../openclaw-files.ts";

const UNKNOWN_CAUSE =
  "look at gateway.trustedProxies (before 2026.4 it must not cover loopback) and gateway.nodes.pairing.autoApproveLocal (must not be false) with openclaw config get; else approve each device: openclaw devices approve";

/** Judges whether a new device on a clean connection straight to the gateway is local: paired silently. */
export const directCheck: Check = {
  name: "direct",
  async run(context) {
    const { settings, program } = context;
    const facts = await context.gateway();
    const { direct, plain, unreachable, isShim } = facts;
    if (unreachable || isShim) return unknown("there is no gateway to connect to");
    if (!direct)
      return toFix("not judged: the run was interrupted", {
        fix: "run it again",
        command: `${program} doctor`,
      });
    if (direct.connected) return ok("local: the gateway paired a new device silently");
    const { verdict, advice } = direct;
    const what = describeVerdict(verdict);
    const isSameAsPlain = plain?.connected === false && plain.verdict.outcome === verdict.outcome;
    if (isAboutCredentials(verdict) || (isSameAsPlain && isAboutGateway(verdict)))
      return unknown(`not judged: ${what} (see above)`);
    if (verdict.outcome !== "pairing-required") return toFix(`refused: ${what}`, advice);
    if (!isLoopbackName(settings.gateway.host)) {
      return toFix(
        `not local: ${what}; the gateway is on another machine, so nothing that connects from here is local`,
        { fix: "run the shim on the gateway's machine" },
      );
    }
    const calledAs = facts.hello?.calledAs?.host;
    if (calledAs !== undefined && nameOf(calledAs) !== nameOf(settings.gateway.authority)) {
      return toFix(
        `not local: ${what}; the gateway received another Host (${calledAs}), so a proxy is in front of it`,
        { fix: "give the gateway's own address with --gateway ws://127.0.0.1:PORT" },
      );
    }
    return toFix(
      `not local: the gateway does not pair a new device silently, even on a clean loopback connection: ${what}`,
      { fix: causeOf(context, facts) },
    );
  },
};

/** Names the check that explains the cause. */
function causeOf({ openclaw, settings }: DoctorContext, { hello }: GatewayFacts): string {
  const isTrapped = holds("trustedProxiesUnlocal", hello?.version);
  if (isTrapped && loopbackProxies(openclaw, settings).length > 0) return "fix trustedProxies, see below";
  return requiresApproval(openclaw) ? "fix autoApproveLocal, see below" : UNKNOWN_CAUSE;
}

function nameOf(authority: string): string | undefined {
  return parseAuthority(authority)?.name;
}
