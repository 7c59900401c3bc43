import type { Facts } from "../facts.ts";
import { findingsOf, type Check, type Finding } from "../finding.ts";

const say = findingsOf("tools");
const FIX = 'point them at the shim: eval "$(openclaw-shim env)", or openclaw-shim env --openclaw-config';

/** Whether the tools of this environment connect to the shim. */
export const tools: Check<Facts> = (facts) => [whereTo(facts), ...credentials(facts), ...proxied(facts)];

function whereTo({ tools: { source, shown, leadsTo, url }, paths, direct }: Facts): Finding {
  const at = `${shown} (${source})`;
  if (leadsTo === "shim") return say.ok(`they connect to the shim: ${at}`);
  const path = paths.find(({ toolUrl }) => toolUrl.url !== undefined && toolUrl.url.href === url?.href);
  if (path?.throughShim) return say.ok(`they connect to the shim, by way of ${at}`);
  // A gateway's port that nobody chose is right as long as the way to it is clean.
  if (leadsTo === "gateway" && source === "gateway.port") {
    const local = direct?.connected === true ? "; local all the same" : "";
    return say.note(`they connect straight to the gateway, past the shim: ${at}${local}`, FIX);
  }
  if (source === "OpenClaw's default") return say.note(`nothing points them at the shim: ${at}`, FIX);
  return say.fix(`they connect past the shim: ${at}`, FIX);
}

// OpenClaw takes none from its config for such a URL (docs/gateway/remote.md).
function credentials({ tools: { source }, hasEnvironmentCredentials }: Facts): Finding[] {
  if (source !== "OPENCLAW_GATEWAY_URL" || hasEnvironmentCredentials) return [];
  return [
    say.note(
      "OPENCLAW_GATEWAY_URL is set without OPENCLAW_GATEWAY_TOKEN: the tools take credentials for it from the environment alone",
      'export OPENCLAW_GATEWAY_TOKEN="$(cat FILE-WITH-THE-TOKEN)"',
    ),
  ];
}

function proxied({ proxyVariables: names, tools: { shown } }: Facts): Finding[] {
  if (names.length === 0) return [];
  return [
    say.note(
      `${names.join(" and ")} is set and NO_PROXY does not name the host of ${shown}: tools that go by it connect through that proxy, which may add headers`,
      "export NO_PROXY=127.0.0.1,localhost,::1",
    ),
  ];
}
