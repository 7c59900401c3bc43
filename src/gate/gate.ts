import { isIP } from "node:net";
import type { Settings } from "../settings/settings.ts";
import { checkForwarded, isPublic, readForwarded } from "./forwarded.ts";
import { checkHost } from "../net/authority.ts";
import { judgeOrigin, type OriginLists, type OriginVerdict } from "./origin.ts";
import { addressMatcher, checkPeer, isLoopbackAddress, type AddressMatcher } from "../net/ip-address.ts";
import type { Refusal } from "../errors.ts";
import { checkHead, checkUpgrade, fieldValues, type RequestHead } from "./request-head.ts";

/** What the gate found out about a request that may go on. */
export interface Admission {
  readonly origin: OriginVerdict;
  /** A forwarding field names a client that is on the public internet. */
  readonly publicForwarded: boolean;
}

/** Where a request came in. A socket is one; it asks the system for its local end only if that is read. */
export interface Arrival {
  readonly remoteAddress?: string | undefined;
  /** The address it was accepted on, for the listener's own origins. */
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** May it come in? Pure: all it knows is in its arguments and the settings. */
export interface Gate {
  /** Peer, head, Host, Origin, forwarded policy, in this order; the first that objects wins. */
  admit(request: RequestHead, arrival: Arrival, kind: "websocket" | "http"): Admission | Refusal;
}

/** Makes the gate of one shim. */
export function createGate(
  settings: Pick<Settings, "allowFrom" | "allowHost" | "allowOrigin" | "forwarded" | "listen">,
): Gate {
  const allowedPeer: AddressMatcher = addressMatcher(settings.allowFrom);
  const allowedHosts: ReadonlySet<string> = new Set([
    ...settings.allowHost,
    ...settings.listen.map((address) => address.host.toLowerCase()),
  ]);
  const allowed: ReadonlySet<string> = new Set(settings.allowOrigin.map((origin) => origin.toLowerCase()));

  return {
    admit(request, arrival, kind) {
      const refusal = checkPeer(arrival.remoteAddress, allowedPeer) ?? checkHead(request);
      if (refusal) return refusal;
      const upgrade = kind === "websocket" ? checkUpgrade(request) : undefined;
      if (upgrade) return upgrade;
      const [host = ""] = fieldValues(request.rawHeaders, "host");
      const [origin] = fieldValues(request.rawHeaders, "origin");
      // Only a browser can be rebound: a WebSocket client without Origin may send what its VM made of Host.
      const rebound = kind === "http" || origin !== undefined ? checkHost(host, allowedHosts) : undefined;
      if (rebound) return rebound;
      const forwarded = readForwarded(request.rawHeaders);
      const lists: OriginLists = { own: origin === undefined ? NONE : listenerOrigins(arrival), allowed };
      const direct = forwarded.field === undefined && isLoopbackAddress(arrival.remoteAddress ?? "");
      const verdict = judgeOrigin({ origin, host, direct }, lists);
      if (typeof verdict !== "string") return verdict;
      const rejected = checkForwarded(forwarded, settings.forwarded, allowedPeer);
      if (rejected) return rejected;
      return {
        origin: verdict,
        publicForwarded: forwarded.addresses.some((address) => isPublic(address, allowedPeer)),
      };
    },
  };
}

/** Whether the gate refused. */
export function isRefusal(answer: Admission | Refusal): answer is Refusal {
  return "rule" in answer;
}

const NONE: ReadonlySet<string> = new Set();

/** The origins of a page served by the listener that accepted this connection. */
function listenerOrigins({ localAddress = "", localPort = 0 }: Arrival): ReadonlySet<string> {
  const local = localAddress.replace(/^::ffff:/i, "");
  const literal = isIP(local) === 6 ? `[${local}]` : local;
  // The default port is not part of a serialized origin (RFC 6454 section 6.2).
  const suffix = localPort === 80 ? "" : `:${localPort}`;
  return new Set(["127.0.0.1", "localhost", "[::1]", literal].map((name) => `http://${name}${suffix}`));
}
