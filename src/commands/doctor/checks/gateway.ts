import { fixFor } from "../../../outcome/fixes.ts";
import { printable } from "../../../text/printable.ts";
import { versionOf, type Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { isAboutGateway } from "../outcomes.ts";
import { parseRelease } from "../../../openclaw/releases.ts";
import { describeProcess } from "./words.ts";
import { describeVerdict } from "../attempt.ts";

const say = findingsOf("gateway");
const OWN_ADDRESS =
  "give the gateway's own address with --gateway ws://127.0.0.1:PORT, with no proxy between it and the shim";

/** Whether a gateway answers at all. */
export const gateway: Check<Facts> = (facts) => {
  const { settings, unreachable, plain, listener } = facts;
  const at = settings.gateway.url;
  if (facts.gatewayIsShim) {
    return say.fix(
      `that is an openclaw-shim at ${at}, not the gateway`,
      `${facts.program} doctor --listen ${settings.gateway.authority} --gateway ws://127.0.0.1:PORT-OF-THE-GATEWAY`,
    );
  }
  if (unreachable) {
    const { code, message } = unreachable;
    const verdict = { outcome: "gateway-unreachable", reason: code } as const;
    const fix = fixFor(verdict, { unreachable }) ?? "start it: openclaw gateway run";
    return say.fix(`no gateway at ${at}: ${printable(code)}${code === "TIMEOUT" ? `, ${message}` : ""}`, fix);
  }
  const by = listener ? `; ${describeProcess(listener)} listens there` : "";
  if (plain && !plain.connected) {
    const { verdict, fix } = plain;
    const word = describeVerdict(verdict);
    if (verdict.outcome === "gateway-refused")
      return say.fix(`${at} answered by HTTP: ${word}${by}`, OWN_ADDRESS);
    if (verdict.outcome === "gateway-unreachable") {
      return say.fix(`${at} takes connections, but no gateway answered: ${word}${by}`, fix);
    }
    if (isAboutGateway(verdict.outcome)) return say.fix(`${at} did not take this one: ${word}${by}`, fix);
  }
  return say.ok(`${nameOf(versionOf(facts))} answers at ${at}${by}`);
};

/** 2026.2 calls itself `dev` where npm did not start it; who did not connect was told nothing. */
function nameOf(version: string | undefined): string {
  if (version === undefined) return "a gateway";
  return parseRelease(version) ? `OpenClaw ${version}` : `OpenClaw, which calls its release "${version}",`;
}
