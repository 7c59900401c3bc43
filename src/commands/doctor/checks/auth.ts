import { isLoopbackName } from "../../../net/authority.ts";
import { authMode } from "../causes.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";

const say = findingsOf("auth");
const FIX =
  "give the gateway a token: openclaw config set gateway.auth.mode token, then openclaw doctor --generate-gateway-token, then openclaw gateway restart";

/** Whether the gateway asks for credentials. Where it does not, whoever reaches the shim is its operator. */
export const auth: Check<Facts> = (facts) => {
  const mode = authMode(facts);
  if (mode === undefined) return [];
  if (mode !== "none") return say.ok(`the gateway asks for credentials (gateway.auth.mode ${mode})`);
  const way = openWay(facts);
  if (way === undefined)
    return say.note("gateway.auth.mode is none: every program of this machine is its operator", FIX);
  return say.fix(
    `gateway.auth.mode is none, and ${way}: whoever comes that way is taken for its local operator`,
    FIX,
  );
};

/** How others than this machine's programs come in, as far as was seen. */
function openWay({ paths, shim, settings }: Facts): string | undefined {
  const forwarded = shim.state === "running" ? shim.outcomes.find(isForwarded) : undefined;
  if (forwarded) return "connections come to the shim over a hop that forwards them";
  const path = paths.find(({ throughShim, logged, signs, attempt }) => {
    const refused = attempt?.connected === false && attempt.verdict.reason === "proxy_attribution_required";
    return (
      refused ||
      (throughShim && isForwarded(throughShim)) ||
      logged?.forwardedFor !== undefined ||
      signs.length > 0
    );
  });
  if (path) return `${path.toolUrl.shown} forwards to it`;
  const open = settings.listen.some(({ host }) => !isLoopbackName(host));
  return open ? "the shim listens beyond loopback" : undefined;
}

function isForwarded({ stripped, publicForwarded }: { stripped: object; publicForwarded: boolean }): boolean {
  return publicForwarded || Object.keys(stripped).length > 0;
}
