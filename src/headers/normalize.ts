import { canonicalName, connectionOptions, isEndToEnd, isForwarding, isHopByHop } from "./header-names.ts";

/** What the gateway is to see. */
export interface NormalizeTarget {
  /** The gateway's own `Host`, such as `127.0.0.1:18789`. */
  readonly authority: string;
  /** Replaces the request's `Origin`; only given when the gate has found that origin to be the shim's own. */
  readonly origin?: string;
  /** How the request's own connection goes on: as a WebSocket, with a chunked body, or as it is. */
  readonly framing: "websocket" | "chunked" | "plain";
}

/** What became of a request's header section. */
export interface Normalized {
  /** Clean fields as `name, value, name, value …`, in their order, case and repetition. */
  readonly rawHeaders: string[];
  /** Set where `Host` was not the gateway's. */
  readonly host?: Change;
  /** Set where `Origin` was mapped. */
  readonly origin?: Change;
  /** Forwarding fields that were deleted, as `[name as received, value]`. */
  readonly stripped: readonly (readonly [name: string, value: string])[];
}

/** One rewritten value. */
export interface Change {
  readonly from: string;
  readonly to: string;
}

interface Pass {
  /** Whether this pass decides about the field of this canonical name. */
  matches(name: string, context: Context): boolean;
  /** The field's new value, or undefined to delete it. */
  apply(value: string, name: string, context: Context): string | undefined;
}

interface Context {
  readonly target: NormalizeTarget;
  readonly options: ReadonlySet<string>;
  readonly stripped: [string, string][];
  host?: Change;
  hostSeen: boolean;
  origin?: Change;
}

const forwarding: Pass = {
  matches: isForwarding,
  apply: (value, name, context) => {
    context.stripped.push([name, value]);
    return undefined;
  },
};

const hopByHop: Pass = { matches: isHopByHop, apply: () => undefined };

const namedInConnection: Pass = {
  matches: (name, context) => context.options.has(name) && !isEndToEnd(name),
  apply: () => undefined,
};

// The gateway negotiates no extension; offered ones would only make frames that the transcript cannot read.
const extensions: Pass = { matches: (name) => name === "sec-websocket-extensions", apply: () => undefined };

const host: Pass = {
  matches: (name) => name === "host",
  apply: (value, _name, context) => {
    if (context.hostSeen) return undefined;
    context.hostSeen = true;
    const to = context.target.authority;
    if (value !== to) context.host = { from: value, to };
    return to;
  },
};

const origin: Pass = {
  matches: (name, context) => name === "origin" && context.target.origin !== undefined,
  apply: (value, _name, context) => {
    const to = context.target.origin ?? value;
    if (value !== to) context.origin = { from: value, to };
    return to;
  },
};

/** The first pass that matches a field decides about it. */
const PASSES: readonly Pass[] = [forwarding, hopByHop, namedInConnection, extensions, host, origin];

const FRAMING = {
  websocket: ["Connection", "Upgrade", "Upgrade", "websocket"],
  chunked: ["Transfer-Encoding", "chunked"],
  plain: [],
} as const;

/**
 * Makes a request's header section what a local client would have sent: forwarding, hop-by-hop and
 * extension fields are deleted (never blanked: an empty value is a value), then `Host`, a vouched-for `Origin`
 * and the connection's own framing are set. Everything else stays as it is. Pure and idempotent.
 *
 * @param rawHeaders as `http.IncomingMessage.rawHeaders`
 */
export function normalize(rawHeaders: readonly string[], target: NormalizeTarget): Normalized {
  const context: Context = { target, options: connectionOptions(rawHeaders), stripped: [], hostSeen: false };
  const clean: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const received = rawHeaders[i] ?? "";
    const name = canonicalName(received);
    const value = rawHeaders[i + 1] ?? "";
    const pass = PASSES.find((candidate) => candidate.matches(name, context));
    const result = pass ? pass.apply(value, received, context) : value;
    if (result !== undefined) clean.push(received, result);
  }
  if (!context.hostSeen) clean.unshift("Host", target.authority);
  clean.push(...FRAMING[target.framing]);
  return {
    rawHeaders: clean,
    stripped: context.stripped,
    ...(context.host && { host: context.host }),
    ...(context.origin && { origin: context.origin }),
  };
}
