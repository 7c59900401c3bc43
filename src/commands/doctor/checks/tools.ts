import { commandFor } from "../advice.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check, type Finding } from "../finding.ts";

const say = findingsOf("tools");
const TOKEN = 'export OPENCLAW_GATEWAY_TOKEN="$(cat FILE-WITH-THE-TOKEN)"';

/** Whether the tools of this environment connect to the shim. */
export const tools: Check<Facts> = (facts) => [whereTo(facts), ...credentials(facts), ...proxied(facts)];

function whereTo(facts: Facts): Finding {
  const { tools: tool, paths, direct } = facts;
  const { source, shown, leadsTo, url } = tool;
  const fix = pointing(facts);
  const at = `${shown} (${source})`;
  if (leadsTo === "shim") return say.ok(`they connect to the shim: ${at}`);
  const path = paths.find(({ toolUrl }) => toolUrl.url !== undefined && toolUrl.url.href === url?.href);
  if (path?.throughShim) return say.ok(`they connect to the shim, by way of ${at}`);
  // A gateway's port that nobody chose is right as long as the way to it is clean.
  if (leadsTo === "gateway" && source === "gateway.port") {
    const local = direct?.connected === true ? "; local all the same" : "";
    return say.note(`they connect straight to the gateway, past the shim: ${at}${local}`, fix);
  }
  if (source === "OpenClaw's default") return say.note(`nothing points them at the shim: ${at}`, fix);
  return say.fix(`they connect past the shim: ${at}`, fix);
}

/** With the URL and without the token in the environment, tools that worked would not any more. */
function pointing(facts: Facts): string {
  const command = commandFor("env", facts);
  const token = facts.hasEnvironmentCredentials
    ? ""
    : `, and ${TOKEN}, without which every openclaw command then fails`;
  return `point them at the shim: eval "$(${command})"${token}; or ${command} --openclaw-config`;
}

// OpenClaw takes none from its config for such a URL: "gateway url override requires explicit credentials"
// (docs/gateway/remote.md; src/gateway/call.ts, ensureExplicitGatewayAuth).
function credentials({ tools: { source }, hasEnvironmentCredentials }: Facts): Finding[] {
  if (source !== "OPENCLAW_GATEWAY_URL" || hasEnvironmentCredentials) return [];
  return [
    say.fix(
      "OPENCLAW_GATEWAY_URL is set without OPENCLAW_GATEWAY_TOKEN: every openclaw command fails, as it takes credentials for that URL from the environment alone",
      `${TOKEN}, or unset OPENCLAW_GATEWAY_URL`,
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
