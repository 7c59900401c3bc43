import type { Advice } from "../../../errors.ts";
import type { DoctorContext } from "../doctor-context.ts";
import { note, ok, toFix, type Check, type Result } from "../finding.ts";
import { envCommand } from "../findings-format.ts";
import { DEFAULT, proxyVariables } from "../tool-urls.ts";

const SET_TOKEN = 'export OPENCLAW_GATEWAY_TOKEN="$(cat FILE-WITH-THE-TOKEN)"';

/** Judges whether the tools of this environment connect to the shim. */
export const toolsCheck: Check = {
  name: "tools",
  async run(context) {
    const { env, tools } = context;
    const results = [await whereTo(context)];
    // OpenClaw takes no credentials from its config for a URL of the environment: "gateway url override requires
    // explicit credentials" (docs/gateway/remote.md; src/gateway/call.ts, ensureExplicitGatewayAuth).
    if (tools.source === "OPENCLAW_GATEWAY_URL" && !hasCredentials(context)) {
      const finding =
        "OPENCLAW_GATEWAY_URL is set without OPENCLAW_GATEWAY_TOKEN: every openclaw command fails, as it takes credentials for that URL from the environment alone";
      results.push(toFix(finding, { fix: `${SET_TOKEN}, or unset OPENCLAW_GATEWAY_URL` }));
    }
    const proxies = tools.url ? proxyVariables(env, tools.url) : [];
    if (proxies.length > 0) {
      const finding = `${proxies.join(" and ")} is set and NO_PROXY does not name the host of ${tools.shown}: tools that use it connect through that proxy, which may add headers`;
      results.push(
        note(finding, { fix: "exclude loopback", command: "export NO_PROXY=127.0.0.1,localhost,::1" }),
      );
    }
    return results;
  },
};

async function whereTo(context: DoctorContext): Promise<Result> {
  const { source, shown, leadsTo, url } = context.tools;
  const at = `${shown} (${source})`;
  if (leadsTo === "shim") return ok(`they connect to the shim: ${at}`);
  const path = (await context.paths()).find(({ toolUrl }) => url && toolUrl.url?.href === url.href);
  if (path?.throughShim) return ok(`they connect to the shim, by way of ${at}`);
  const advice = pointing(context);
  if (source === DEFAULT) return note(`nothing points them at the shim: ${at}`, advice);
  if (leadsTo !== "gateway" || source !== "gateway.port")
    return toFix(`they connect past the shim: ${at}`, advice);
  // The gateway's own port is right as long as nothing is added on the path to it.
  const local = (await context.gateway()).direct?.connected ? "; local all the same" : "";
  return note(`they connect straight to the gateway, past the shim: ${at}${local}`, advice);
}

/** With the URL but without the token in the environment, tools that worked would fail. */
function pointing(context: DoctorContext): Advice {
  const command = envCommand(context);
  const set = `eval "$(${command})"`;
  const fix = "point them at the shim";
  if (hasCredentials(context))
    return { fix: `${fix}, here or with ${command} --openclaw-config`, command: set };
  return {
    fix: `${fix}: ${set}, and ${SET_TOKEN}, without which every openclaw command then fails; or ${command} --openclaw-config`,
  };
}

function hasCredentials({ env }: DoctorContext): boolean {
  return Boolean(env["OPENCLAW_GATEWAY_TOKEN"] || env["OPENCLAW_GATEWAY_PASSWORD"]);
}
