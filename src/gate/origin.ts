import { isLoopbackName, parseAuthority } from "../net/authority.ts";
import { refuse, type Refusal } from "../errors.ts";

/** What the origin check needs to know of a request. */
export interface OriginFacts {
  /** The one `Origin`, or undefined where there is none. */
  readonly origin: string | undefined;
  readonly host: string;
  /** The peer is loopback and no forwarding field says that it speaks for somebody else. */
  readonly direct: boolean;
}

/** The origins that the shim vouches for, serialized and lower-case. */
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
 * The host name of a serialized origin (RFC 6454 section 6.2), or undefined if it is none. It is what the gateway
 * finds in it: that reads with the WHATWG parser and drops final dots, so `http://127.1` and `http://localhost.`
 * are loopback there (OpenClaw src/gateway/origin-check.ts, net.ts).
 */
export function originHost(origin: string): string | undefined {
  const authority = SERIALIZED.exec(origin)?.groups?.["authority"];
  if (authority === undefined || !parseAuthority(authority) || !URL.canParse(origin)) return undefined;
  return new URL(origin).hostname.toLowerCase().replace(/^\[|\]$|\.+$/g, "");
}

/** A name that 2026.2.19 takes for loopback: it looks at the first label alone (OpenClaw src/gateway/net.ts). */
function looksLoopback(name: string): boolean {
  return name.startsWith("127.") && !isLoopbackName(name);
}

/**
 * Whether the shim vouches for a browser's origin. It never makes a page look better than it is: the gateway
 * takes a local client with any loopback origin (gateway.md section 4), so a loopback origin is only passed on
 * where it can mean this machine: on a direct connection, or for a page of the shim's own that was asked for by the
 * very same `Host`.
 */
export function judgeOrigin(facts: OriginFacts, lists: OriginLists): OriginVerdict | Refusal {
  const { origin } = facts;
  if (origin === undefined) return "absent";
  const serialized = origin.toLowerCase();
  if (lists.allowed.has(serialized)) return "own";
  if (HOSTLESS.has(serialized)) return "foreign";
  const name = originHost(serialized);
  if (name === undefined) return refuse("origin_malformed", origin);
  if (looksLoopback(name)) return refuse("origin_not_allowed", origin);
  const hostName = parseAuthority(facts.host)?.name;
  const local = facts.direct && hostName !== undefined && isLoopbackName(hostName);
  if (lists.own.has(serialized)) {
    const servedHere = serialized === `http://${facts.host.toLowerCase()}`;
    return local || servedHere ? "own" : refuse("origin_not_allowed", origin);
  }
  return local || !isLoopbackName(name) ? "foreign" : refuse("origin_not_allowed", origin);
}
