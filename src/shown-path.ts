import { printable } from "./text.ts";

/**
 * OpenClaw's URLs for a plugin's pages hold a capability as a segment of the path: `/__openclaw__/cap/CAPABILITY/…`
 * (2026.9.6, dist/plugin-node-capability-*.mjs, PLUGIN_NODE_CAPABILITY_PATH_PREFIX).
 */
const CAPABILITY = /(\/__openclaw__\/+cap\/+)[^/]+/gi;

/**
 * A request target as logs, errors and pages show it: without what may hold a credential, which are query, fragment,
 * the userinfo of an absolute-form, and OpenClaw's capabilities, `/__openclaw__/cap/…/rest`.
 */
export function shownPath(target = ""): string {
  const [path = ""] = target.split(/[?#]/, 1);
  return path.startsWith("/") ? printable(path.replace(CAPABILITY, "$1…")) : "(no path)";
}
