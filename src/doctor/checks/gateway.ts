import { fixFor } from "../../pairing/fix.ts";
import { printable } from "../../text.ts";
import { versionOf, type Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { parseRelease } from "../release.ts";
import { describeProcess } from "./words.ts";
import { describeVerdict } from "../attempt.ts";

const say = findingsOf("gateway");

/** Outcomes that say that there is no gateway to talk to, or none yet. */
const NO_GATEWAY = new Set([
  "gateway-unreachable",
  "gateway-starting",
  "gateway-closed",
  "not-gateway-protocol",
  "protocol-mismatch",
  "abandoned",
]);

/** Whether a gateway answers at all. */
export const gateway: Check<Facts> = (facts) => {
  const { settings, unreachable, plain, listener } = facts;
  const at = settings.gateway.url;
  if (unreachable) {
    const { code, message } = unreachable;
    const verdict = { outcome: "gateway-unreachable", reason: code } as const;
    const fix = fixFor(verdict, { unreachable }) ?? "start it: openclaw gateway run";
    return say.fix(`no gateway at ${at}: ${printable(code)}${code === "TIMEOUT" ? `, ${message}` : ""}`, fix);
  }
  const by = listener ? `; ${describeProcess(listener)} listens there` : "";
  if (plain && !plain.connected) {
    const { verdict, fix } = plain;
    if (NO_GATEWAY.has(verdict.outcome)) {
      return say.fix(
        `${at} takes connections, but no gateway answered: ${describeVerdict(verdict)}${by}`,
        fix,
      );
    }
    if (verdict.outcome === "gateway-refused") {
      return say.fix(
        `${at} answered HTTP, not the gateway's protocol: ${describeVerdict(verdict)}${by}`,
        "give the gateway's own address with --gateway ws://127.0.0.1:PORT, with no proxy between it and the shim",
      );
    }
  }
  const version = versionOf(facts);
  const release = parseRelease(version);
  return say.ok(
    `${release ? `OpenClaw ${version}` : "a gateway that does not say its release"} answers at ${at}${by}`,
  );
};
