import type { Advice } from "../../../errors.ts";
import { isLoopbackName } from "../../../net/authority.ts";
import { section } from "../../../openclaw/config.ts";
import type { DoctorContext } from "../doctor-context.ts";
import { note, ok, toFix, type Check } from "../finding.ts";
import type { SeenOutcome } from "../found-shim.ts";

const ADVICE: Advice = {
  fix: "give the gateway a token, and restart it",
  command:
    "openclaw config set gateway.auth.mode token && openclaw doctor --generate-gateway-token && openclaw gateway restart",
};

/** Judges whether the gateway requires credentials. If not, every client of the shim is its operator. */
export const authCheck: Check = {
  name: "auth",
  async run(context) {
    const mode =
      (await context.gateway()).hello?.authMode ?? section(context.openclaw.gateway, "auth")["mode"];
    if (typeof mode !== "string") return [];
    if (mode !== "none") return ok(`the gateway requires credentials (gateway.auth.mode ${mode})`);
    const entry = await remoteEntry(context);
    if (entry === undefined)
      return note("gateway.auth.mode is none: every program of this machine is its operator", ADVICE);
    return toFix(
      `gateway.auth.mode is none, and ${entry}: every client that comes that way is its local operator`,
      ADVICE,
    );
  },
};

/** Returns how clients of other machines reach the gateway, as far as was seen. */
async function remoteEntry({ shim, paths, settings }: DoctorContext): Promise<string | undefined> {
  if ((await shim()).running?.outcomes.some(isForwarded))
    return "connections reach the shim through a proxy that forwards them";
  const path = (await paths()).find(
    ({ throughShim, logged, proxyFields = {}, attempt }) =>
      (attempt?.connected === false && attempt.verdict.reason === "proxy_attribution_required") ||
      (throughShim && isForwarded(throughShim)) ||
      logged?.forwardedFor !== undefined ||
      Object.keys(proxyFields).length > 0,
  );
  if (path) return `${path.toolUrl.shown} forwards to it`;
  const isOpen = settings.listen.some(({ host }) => !isLoopbackName(host));
  return isOpen ? "the shim listens beyond loopback" : undefined;
}

function isForwarded({ stripped, publicForwarded }: SeenOutcome): boolean {
  return publicForwarded || Object.keys(stripped).length > 0;
}
