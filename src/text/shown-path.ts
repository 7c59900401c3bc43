import { printable } from "./printable.ts";

/**
 * OpenClaw's URLs for a plugin's pages hold a capability as a segment of the path: `/__openclaw__/cap/CAPABILITY/…`
 * (2026.9.6, dist/plugin-node-capability-*.mjs, PLUGIN_NODE_CAPABILITY_PATH_PREFIX). The gateway resolves backslashes
 * and dot segments first, as URLs do, so the capability may be any segment that follows.
 */
const CAPABILITY = /([/\\]cap[/\\]).*/is;

/**
 * A request target as logs, errors and pages show it: without what may hold a credential, which are query, fragment,
 * the userinfo of an absolute-form, and OpenClaw's capabilities with what follows them: `/__openclaw__/cap/…`.
 */
export function shownPath(target = ""): string {
  const [path = ""] = target.split(/[?#]/, 1);
  return path.startsWith("/") ? printable(path.replace(CAPABILITY, "$1…")) : "(no path)";
}
