import type { Socket } from "node:net";
import { refuse, type Refusal } from "../errors.ts";
import { fieldValues } from "../headers/header-table.ts";
import { bracketed, isLoopbackName, parseAuthority, withoutFinalDot } from "../net/authority.ts";
import {
  addressMatcher,
  isLoopbackAddress,
  parseAddress,
  withoutMappedPrefix,
  type AddressMatcher,
  ipFamily,
} from "../net/ip-address.ts";
import type { Settings } from "../settings/settings.ts";
import { checkForwarded, isPublic, readForwarded, type ForwardedFacts } from "./forwarded.ts";
import { checkLocalOnly, type RemoteMark } from "./local-only.ts";
import { judgeOrigin, type OriginVerdict } from "./origin.ts";
import { checkRequestHead, checkUpgrade, type RequestHead } from "./request-head.ts";

/** What the gate found out about a request that may go on. */
export interface Admission {
  readonly origin: OriginVerdict;
  /** A forwarding field names a client on the public internet. */
  readonly publicForwarded: boolean;
  /** Set for a remote client's request that must not become local. */
  readonly remote: RemoteMark | undefined;
}

/** The two ends of a connection: the peer, and the address it was accepted on. */
export type ConnectionEnds = {
  readonly [Name in "remoteAddress" | "localAddress" | "localPort"]?: Socket[Name] | undefined;
};

/** Decides if a request may enter. Pure: it knows its arguments and the settings only. */
export type Gate = ReturnType<typeof createGate>;

/** Creates the gate of one shim. */
export function createGate(
  settings: Pick<Settings, "allowFrom" | "allowHost" | "allowOrigin" | "forwarded" | "listen" | "strip">,
) {
  const allowedPeer = addressMatcher(settings.allowFrom);
  const ownHosts = settings.listen.map(({ host }) => host.toLowerCase());
  const allowedHosts = new Set([...settings.allowHost, ...ownHosts]);
  const allowedOrigins = new Set(settings.allowOrigin.map((origin) => origin.toLowerCase()));

  /** Checks the peer alone, for bytes that are not a request. */
  function admitPeer(remoteAddress: string | undefined): Refusal | undefined {
    return checkPeer(remoteAddress, allowedPeer);
  }

  function judge(origin: string, host: string, ends: ConnectionEnds, forwarded: ForwardedFacts) {
    const local = isLocal(host, ends, forwarded);
    return judgeOrigin({ origin, host, local }, { own: listenerOrigins(ends), allowed: allowedOrigins });
  }

  /** Checks peer, request head, upgrade, Host, Origin and `--forwarded`, in this order; the first refusal counts. */
  function admit(
    request: RequestHead,
    ends: ConnectionEnds,
    kind: "websocket" | "http",
  ): Admission | Refusal {
    const { rawHeaders } = request;
    const malformed =
      admitPeer(ends.remoteAddress) ??
      checkRequestHead(request) ??
      (kind === "websocket" ? checkUpgrade(request) : undefined);
    if (malformed) return malformed;

    const [host = ""] = fieldValues(rawHeaders, "host");
    const [origin] = fieldValues(rawHeaders, "origin");
    // Only a browser can be rebound: a WebSocket client without Origin may send any Host that its VM made.
    const rebound = kind === "http" || origin !== undefined ? checkHost(host, allowedHosts) : undefined;
    if (rebound) return rebound;

    const forwarded = readForwarded(rawHeaders, settings.strip);
    const verdict = origin === undefined ? "absent" : judge(origin, host, ends, forwarded);
    if (typeof verdict !== "string") return verdict;

    const rejected = checkForwarded(forwarded, settings.forwarded, allowedPeer);
    if (rejected) return rejected;
    const publicForwarded = forwarded.addresses.some((address) => isPublic(address, allowedPeer));
    const remote = checkLocalOnly(request, () => isLocal(host, ends, forwarded));
    return remote && "code" in remote ? remote : { origin: verdict, publicForwarded, remote };
  }

  return { admit, admitPeer };
}

/** Returns true for a program on this machine. A Host that is not loopback tells of a tunnel that adds no header. */
function isLocal(host: string, ends: ConnectionEnds, forwarded: ForwardedFacts): boolean {
  if (forwarded.field !== undefined || !isLoopbackAddress(ends.remoteAddress ?? "")) return false;
  return isLoopbackName(parseAuthority(host)?.name ?? "");
}

/** Returns true for a refusal. */
export function isRefusal(result: object): result is Refusal {
  return "code" in result;
}

/** Checks who may connect, by the socket's `remoteAddress` alone, never by a header. */
export function checkPeer(remoteAddress: string | undefined, allowed: AddressMatcher): Refusal | undefined {
  // A socket that is already closed has no address any more.
  if (remoteAddress === undefined) return refuse("peer_not_allowed", "(gone)");
  if (allowed(remoteAddress)) return undefined;
  // In the form that --allow-from takes: neither IPv4-mapped nor with a zone.
  return refuse("peer_not_allowed", parseAddress(remoteAddress)?.toString() ?? remoteAddress);
}

/**
 * Checks the name by which a browser or HTTP client reaches the shim. After DNS rebinding `Host` is the attacker's
 * name on a loopback socket; only a list of own names tells it apart. An IP literal cannot be rebound.
 */
export function checkHost(host: string, allowed: ReadonlySet<string>): Refusal | undefined {
  const name = parseAuthority(host)?.name;
  if (name === undefined) return refuse("host_not_allowed", host);
  if (isLoopbackName(name) || ipFamily(name) !== 0 || allowed.has(withoutFinalDot(name))) return undefined;
  return refuse("host_not_allowed", name);
}

/** Returns the origins of a page served by the listener that accepted this connection. */
function listenerOrigins({ localAddress = "", localPort = 0 }: ConnectionEnds): ReadonlySet<string> {
  const literal = bracketed(withoutMappedPrefix(localAddress));
  // A serialized origin omits the default port (RFC 6454 section 6.2).
  const suffix = localPort === 80 ? "" : `:${localPort}`;
  return new Set(["127.0.0.1", "localhost", "[::1]", literal].map((name) => `http://${name}${suffix}`));
}
