import { join } from "node:path";
import { readToken } from "../../openclaw/token.ts";
import { parseEnvironment } from "./environment-file.ts";
import { UNITS, type SystemdPlaces } from "./places.ts";
import type { Root } from "./root.ts";
import type { ServiceSettings } from "./service-settings.ts";
import type { Target } from "./target.ts";

/** In a drop-in, be it one of the user's own: it hands the service a token. */
const HANDS_TOKEN = /openclaw-gateway-token|OPENCLAW_GATEWAY_TOKEN/;

/**
 * Whether the service will find the gateway's token, if it needs one: `run --approve seen` does not start without.
 * In an image only what it says there can be looked at.
 *
 * @param root where the target's files are
 */
export function hasTokenIfNeeded(
  { settings, environment, tokenFile }: ServiceSettings,
  target: Target,
  root: Root,
): boolean {
  if (settings.approve === "off" || tokenFile !== undefined) return true;
  if (target.kind !== "launchd" && dropIns(target.places, root).some((text) => HANDS_TOKEN.test(text))) {
    return true;
  }
  const env = parseEnvironment(environment);
  if (target.kind === "image") return Boolean(settings.tokenFile ?? env["OPENCLAW_GATEWAY_TOKEN"]);
  return "secret" in readToken(settings.tokenFile, { ...env, HOME: target.home });
}

/** The texts of the service's drop-ins (systemd.unit(5)). */
function dropIns({ units }: SystemdPlaces, root: Root): readonly string[] {
  const folder = join(units, `${UNITS.service}.d`);
  return root
    .names(folder)
    .filter((name) => name.endsWith(".conf"))
    .map((name) => root.read(join(folder, name)) ?? "");
}
