import { isLoopbackName, parseAuthority } from "../net/authority.ts";
import { refuse, type Refusal } from "../errors.ts";

/** The part of a request that the origin check uses. */
export interface OriginFacts {
  /** The one `Origin`; undefined if there is none. */
  readonly origin: string | undefined;
  readonly host: string;
  /** The peer and Host are loopback, and the request has no forwarding field. */
  readonly local: boolean;
}

/** Origins that are mapped to the gateway's own, serialized and lower-case. */
export interface OriginLists {
  /** The listener's own: `http://127.0.0.1:18788` and its other names. */
  readonly own: ReadonlySet<string>;
  /** `--allow-origin`. */
  readonly allowed: ReadonlySet<string>;
}

/** `absent` and `foreign` pass as they are; `own` is mapped to the gateway's origin. */
export type OriginVerdict = "absent" | "own" | "foreign";

const SERIALIZED = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#@\s]+)$/i;

/** Origins of pages that have no host: sandboxed ones, and those of local files. */
const HOSTLESS: ReadonlySet<string> = new Set(["null", "file://"]);

/**
 * Returns the host name of a serialized origin (RFC 6454 section 6.2) as the gateway reads it, or undefined for other
 * text. The gateway uses the WHATWG parser and drops final dots, so `http://127.1` and `http://localhost.` are
 * loopback there (OpenClaw src/gateway/origin-check.ts, net.ts).
 */
export function originHost(origin: string): string | undefined {
  const authority = SERIALIZED.exec(origin)?.groups?.["authority"];
  if (authority === undefined || !parseAuthority(authority) || !URL.canParse(origin)) return undefined;
  return new URL(origin).hostname.toLowerCase().replace(/^\[|\]$|\.+$/g, "");
}

/**
 * Decides what becomes of a browser's origin. A page must never look better than it is: the gateway accepts a local
 * client with any loopback origin (docs/gateway.md section 4). So a loopback origin is forwarded only if it can mean
 * this machine: for a local client, or for a page of the shim's own that was requested by the same `Host`.
 */
export function judgeOrigin(
  { origin, host, local }: OriginFacts,
  lists: OriginLists,
): OriginVerdict | Refusal {
  if (origin === undefined) return "absent";
  const serialized = origin.toLowerCase();
  if (lists.allowed.has(serialized)) return "own";
  if (HOSTLESS.has(serialized)) return "foreign";
  const name = originHost(serialized);
  if (name === undefined) return refuse("origin_malformed", origin);
  const isOwn = lists.own.has(serialized);
  const servedHere = isOwn && serialized === `http://${host.toLowerCase()}`;
  // 2026.2.19 takes a name for loopback by its first label alone (OpenClaw src/gateway/net.ts).
  const looksLoopback = name.startsWith("127.") && !isLoopbackName(name);
  const remote = !isOwn && !isLoopbackName(name);
  if (looksLoopback || !(local || servedHere || remote)) return refuse("origin_not_allowed", origin);
  return isOwn ? "own" : "foreign";
}
