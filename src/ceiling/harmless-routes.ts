/** Pages of the Control UI in 2026.2.19 to 2026.9.6. The gateway responds with the same file for all of them. */
const PAGES: ReadonlySet<string> = new Set(
  (
    "activity agents ai-agents appearance apps automation automations channels chat communications config cron " +
    "custodian dashboard dashboards debug dreaming dreams import infrastructure instances lobsterdex logs meetings " +
    "memory-import model-providers model-setup new nodes overview portals profile sessions settings skills systems " +
    "tasks terminal usage workboard worktrees"
  ).split(" "),
);

/** Further paths without anything that the gateway would decode or resolve: no `%` but a colon's, no dot segment. */
const PATHS = [
  /^\/(?:health|ready|startup)z?$/,
  // Pages below a page; `/sessions/KEY/history` is not one.
  /^\/(?:approve|chat|dashboard|focus|settings|skills)(?:\/(?:[\w~:]|%3A)(?:[\w.~:-]|%3A)*)+$/i,
  // Files of the Control UI, and its config.
  /^\/(?:app-art|assets|(?:cloud-)?provider-icons|community-art|file-icons|fonts|themes)(?:\/[\w-][\w.-]*)+$/,
  /^\/(?:index\.html|sw\.js|manifest\.webmanifest|asset-manifest\.json|(?:favicon|apple-touch-icon)[\w-]*\.\w+)$/,
  /^\/(?:__openclaw(?:__)?\/)?control-ui-config\.json$/,
  /^\/avatar\/[\w-]+$/,
];

/**
 * Returns true for a request that gives nobody more than the Control UI's files and the state of the gateway, whatever
 * credential it carries. Every other route counts as one that may give more: the routes of 2026.9.6 are many, those of
 * plugins and of later releases unknown (docs/gateway.md section 8).
 *
 * @param path without the query
 */
export function isHarmless(method: string, path: string): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  return path === "/" || PAGES.has(path.slice(1)) || PATHS.some((pattern) => pattern.test(path));
}
