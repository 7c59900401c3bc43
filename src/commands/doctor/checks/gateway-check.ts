import { connectAdvice, type Advice } from "../../../errors.ts";
import { isRelease } from "../../../openclaw/releases.ts";
import { ok, toFix, type Check } from "../finding.ts";
import { describeVerdict, isAboutGateway } from "../gateway-client.ts";
import { describeProcess } from "../listening-process.ts";

const OWN_ADDRESS: Advice = {
  fix: "give the gateway's own address with --gateway ws://127.0.0.1:PORT, with no proxy between it and the shim",
};

/** Judges whether a gateway responds at all. */
export const gatewayCheck: Check = {
  name: "gateway",
  async run({ settings, program, gateway }) {
    const { unreachable, isShim, plain, listener, hello } = await gateway();
    const { url, authority } = settings.gateway;
    if (isShim) {
      return toFix(`${url} is an openclaw-shim, not the gateway`, {
        fix: `run ${program} doctor --listen ${authority} --gateway ws://127.0.0.1:PORT-OF-THE-GATEWAY`,
      });
    }
    if (unreachable) {
      const { code, message } = unreachable;
      const detail = code === "TIMEOUT" ? `, ${message}` : "";
      return toFix(`no gateway at ${url}: ${code}${detail}`, connectAdvice(code));
    }
    const by = listener ? `; ${describeProcess(listener)} listens there` : "";
    if (plain?.connected === false && isAboutGateway(plain.verdict)) {
      const { verdict, advice } = plain;
      const what = `${describeVerdict(verdict)}${by}`;
      if (verdict.outcome === "gateway-refused")
        return toFix(`${url} refused the upgrade by HTTP: ${what}`, OWN_ADDRESS);
      if (verdict.outcome === "gateway-unreachable")
        return toFix(`${url} accepts connections, but no gateway responded: ${what}`, advice);
      return toFix(`${url} did not accept this connection: ${what}`, advice);
    }
    return ok(`${nameOf(hello?.version)} responds at ${url}${by}`);
  },
};

/** 2026.2 names itself `dev` if npm did not start it; a client that does not connect gets no version. */
function nameOf(version: string | undefined): string {
  if (version === undefined) return "a gateway";
  const unnamed = `OpenClaw, which names its release "${version}",`;
  return isRelease(version) ? `OpenClaw ${version}` : unnamed;
}
