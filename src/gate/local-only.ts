import { refuse, type Refusal } from "../errors.ts";
import { fieldValues } from "../headers/header-table.ts";
import type { NormalizeTarget } from "../headers/normalize.ts";
import { shownPath } from "../text/printable.ts";
import type { RequestHead } from "./request-head.ts";

/** With what a remote client's request is relayed, so that the gateway itself sees that it is not local. */
export type RemoteMark = Partial<Pick<NormalizeTarget, "authority" | "forwardedFor">>;

const BASE = "http://gateway";

/**
 * Checks a request for what OpenClaw serves to local clients alone (docs/gateway.md section 4). To be made local is not a
 * credential, and only the gateway can check one.
 *
 * @param isLocal called only for such targets
 * @returns a refusal, a mark, or undefined if the request may become local
 */
export function checkLocalOnly(
  { url = "", method, rawHeaders }: RequestHead,
  isLocal: () => boolean,
): Refusal | RemoteMark | undefined {
  // One of these is in every spelling of such a target.
  if (!/__openclaw__|ready|startup|diffs/.test(url) || isLocal()) return undefined;
  // As the gateway resolves it: without dot segments and backslashes.
  const { pathname, search } = new URL(URL.canParse(url, BASE) ? url : "/", BASE);
  // A capability's path may precede each of these, and the gateway resolves the rest once more. Health with details:
  if (/\/(?:ready|startup)z?$/.test(pathname) && method !== "HEAD")
    return refuse("local_only", shownPath(url));
  // The plugin judges by this header on every release. The address is for documentation (RFC 5737).
  if (pathname.includes("/plugins/diffs/")) return { forwardedFor: "192.0.2.1" };
  if (!pathname.includes("__openclaw__") || !/a2ui|canvas|ws/.test(pathname)) return undefined;
  const isAnonymous = search === "" && fieldValues(rawHeaders, "authorization").length === 0;
  const isCanvas = /^\/__openclaw__\/(?:a2ui|canvas|ws)(?:\/|$)/.test(pathname);
  if (isAnonymous && isCanvas) return refuse("credential_required", shownPath(url));
  // Until 2026.3 the gateway judges by Host. Later releases ignore it, and serve no client here without a credential.
  return { authority: "remote.invalid" };
}
