import template from "../../../launchd/ai.openclaw.shim.plist?raw";
import { SettingsError } from "../../settings/settings-error.ts";
import type { Settings } from "../../settings/settings.ts";
import type { LaunchdPlaces } from "./places.ts";

/** `Aqua` for the domain gui/UID, `Background` for user/UID: launchd.plist(5), LimitLoadToSessionType. */
export type SessionType = "Aqua" | "Background";

export interface PlistValues {
  readonly places: LaunchdPlaces;
  /** Absolute path of Node. */
  readonly node: string;
  readonly settings: Pick<Settings, "drainMs">;
  readonly session: SessionType;
}

/** In launchd/ai.openclaw.shim.plist. */
const EXIT_SECONDS = 20;
const EXIT_MARGIN_SECONDS = 10;

/**
 * The LaunchAgent: launchd/ai.openclaw.shim.plist with these values.
 *
 * @throws SettingsError where a path cannot stand in a property list
 */
export function launchAgent({ places, node, settings, session }: PlistValues): string {
  const folder = "/Users/USERNAME/Library/Application Support/openclaw-shim";
  const exitSeconds = Math.max(EXIT_SECONDS, Math.ceil(settings.drainMs / 1000) + EXIT_MARGIN_SECONDS);
  const replacements: readonly (readonly [string, string])[] = [
    ["<string>/usr/local/bin/node<", `<string>${xml(node)}<`],
    [`<string>--env-file=${folder}/environment<`, `<string>--env-file=${xml(places.environment)}<`],
    [`<string>${folder}/openclaw-shim.mjs<`, `<string>${xml(places.bundle)}<`],
    ["<string>Aqua<", `<string>${session}<`],
    ["<integer>20<", `<integer>${exitSeconds}<`],
    ["<string>/Users/USERNAME/Library/Logs/openclaw-shim.log<", `<string>${xml(places.log)}<`],
  ];
  return replacements.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new TypeError(`the LaunchAgent has no ${from}`);
    return text.replaceAll(from, () => to);
  }, template);
}

/** Character data (XML 1.0 section 2.4). */
function xml(text: string): string {
  // A property list is XML 1.0, in which control characters cannot be written at all.
  if (/\p{Cc}/u.test(text)) {
    throw new SettingsError([
      "a path for the LaunchAgent holds a line break or another control character; use another",
    ]);
  }
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
