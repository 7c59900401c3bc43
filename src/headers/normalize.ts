import {
  canonicalName,
  connectionOptions,
  forwardingHeader,
  HOP_BY_HOP,
  isEndToEnd,
} from "./header-table.ts";

/** What the gateway is to see. */
export interface NormalizeTarget {
  /** The `Host` to set: the gateway's own, such as `127.0.0.1:18789`, or one that is not. */
  readonly authority: string;
  /** The value of an `X-Forwarded-For` to add. */
  readonly forwardedFor?: string;
  /** Replaces the request's `Origin`; set only if the gate found that origin to be the shim's own. */
  readonly origin?: string | undefined;
  /** Canonical names to delete besides the forwarding family. */
  readonly strip?: readonly string[];
  /** The connection's framing towards the gateway. */
  readonly framing: keyof typeof FRAMING;
}

/** A normalized header section, and what was changed in it. */
export interface Normalized {
  /** Clean fields as `name, value, name, value …`, in their order, case and repetition. */
  readonly rawHeaders: string[];
  /** Set if `Host` was not the gateway's. */
  readonly host?: HeaderChange;
  /** Set if `Origin` was mapped. */
  readonly origin?: HeaderChange;
  /** Deleted forwarding fields, as `[name as received, value]`. */
  readonly stripped: readonly (readonly [name: string, value: string])[];
}

/** One rewritten value. */
export interface HeaderChange {
  readonly from: string;
  readonly to: string;
}

/** The gateway negotiates no extension, and one would make frames unreadable for the observer. */
const DROPPED: ReadonlySet<string> = new Set([...HOP_BY_HOP, "sec-websocket-extensions"]);

const FRAMING = {
  websocket: ["Connection", "Upgrade", "Upgrade", "websocket"],
  chunked: ["Transfer-Encoding", "chunked"],
  plain: [],
} as const;

/**
 * Makes a request's header section what a local client would have sent. Forwarding, hop-by-hop and extension fields
 * are deleted, never blanked: an empty value counts as a value. Then `Host`, an own `Origin` and the connection's
 * framing are set. All other fields stay as they are, in order. Pure and idempotent.
 */
export function normalize(rawHeaders: readonly string[], target: NormalizeTarget): Normalized {
  const options = connectionOptions(rawHeaders);
  const clean: string[] = [];
  const stripped: [string, string][] = [];
  let host: HeaderChange | undefined;
  let origin: HeaderChange | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const received = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    const name = canonicalName(received);
    if (forwardingHeader(name, target.strip)) {
      stripped.push([received, value]);
    } else if (name === "host") {
      if (!host) clean.push(received, target.authority);
      host ??= { from: value, to: target.authority };
    } else if (name === "origin" && target.origin !== undefined) {
      clean.push(received, target.origin);
      origin = { from: value, to: target.origin };
    } else if (!DROPPED.has(name) && (!options.has(name) || isEndToEnd(name))) {
      clean.push(received, value);
    }
  }
  if (!host) clean.unshift("Host", target.authority);
  if (target.forwardedFor !== undefined) clean.push("X-Forwarded-For", target.forwardedFor);
  clean.push(...FRAMING[target.framing]);
  return {
    rawHeaders: clean,
    stripped,
    ...(host && host.from !== host.to && { host }),
    ...(origin && origin.from !== origin.to && { origin }),
  };
}
