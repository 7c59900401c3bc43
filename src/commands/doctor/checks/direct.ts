import { isLoopbackName, parseAuthority } from "../../../net/authority.ts";
import type { OutcomeName } from "../../../outcome/outcome.ts";
import { describeVerdict } from "../attempt.ts";
import { asksForEveryDevice, loopbackProxies } from "../causes.ts";
import { versionOf, type Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { isAboutCredentials, isAboutGateway } from "../outcomes.ts";
import { isTrappedByTrustedProxies, parseRelease } from "../../../openclaw/releases.ts";

const say = findingsOf("direct");

/** Whether a new device on a clean connection straight to the gateway is local: paired without asking. */
export const direct: Check<Facts> = (facts) => {
  const { direct: attempt, settings } = facts;
  if (facts.unreachable) return say.unknown("there is no gateway to connect to");
  if (!attempt) return say.fix("not judged: the run was ended before", `run ${facts.program} doctor again`);
  if (attempt.connected) return say.ok("local: the gateway paired a new device without asking");
  const { verdict } = attempt;
  const word = describeVerdict(verdict);
  if (isSaidElsewhere(facts, verdict.outcome)) return say.unknown(`not judged: ${word} (see above)`);
  if (verdict.outcome !== "pairing-required") return say.fix(`refused: ${word}`, attempt.fix);
  if (!isLoopbackName(settings.gateway.host)) {
    return say.fix(
      `not local: ${word}; the gateway is on another machine, so nothing that connects from here is local`,
      "run the shim on the gateway's machine",
    );
  }
  const calledAs = facts.plain?.connected ? facts.plain.hello.calledAs?.host : undefined;
  if (calledAs !== undefined && nameOf(calledAs) !== nameOf(settings.gateway.authority)) {
    return say.fix(
      `not local: ${word}; the gateway was called by another name (${calledAs}), so something stands before it`,
      "give the gateway's own address with --gateway ws://127.0.0.1:PORT",
    );
  }
  return say.fix(
    `not local: the gateway asks before it pairs a new device, even on a clean loopback connection: ${word}`,
    causeOf(facts) ??
      "look at gateway.trustedProxies (before 2026.4 it must not cover loopback) and gateway.nodes.pairing.autoApproveLocal (must not be false) with openclaw config get; else approve each device: openclaw devices approve",
  );
};

/** Whether the checks of gateway and token have said what to do. */
function isSaidElsewhere({ plain }: Facts, outcome: OutcomeName): boolean {
  if (isAboutCredentials(outcome)) return true;
  return plain?.connected === false && plain.verdict.outcome === outcome && isAboutGateway(outcome);
}

/** The check that says why and what to do. */
function causeOf(facts: Facts): string | undefined {
  const trapped = isTrappedByTrustedProxies(parseRelease(versionOf(facts)));
  if (trapped && loopbackProxies(facts).length > 0) return "see trustedProxies below: that is why";
  return asksForEveryDevice(facts) ? "see autoApproveLocal below: that is why" : undefined;
}

function nameOf(authority: string): string | undefined {
  return parseAuthority(authority)?.name;
}
