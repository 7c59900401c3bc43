import { canonicalName } from "../headers/header-table.ts";
import type { Normalized } from "../headers/normalize.ts";
import { isLoopbackAddress, parseAddress } from "../net/ip-address.ts";
import { bareAddress } from "./forwarded.ts";
import type { OriginVerdict } from "./origin.ts";

/** Longer than any IPv6 address with its zone. */
const ADDRESS_LENGTH = 64;

/**
 * Where an attempt to authenticate comes from, by what its sender cannot choose freely. An Origin does not tell clients
 * apart: a site has any number of subdomains. Nor does a forwarding field, except the last item of X-Forwarded-For,
 * which the proxy in front of the shim wrote.
 */
export class AttemptSource {
  readonly origin: OriginVerdict;
  /** One peer; or of the loopback clients those forwarded by a proxy, pages of other sites, or the rest. */
  readonly group: string;
  readonly #forwarding: Normalized["stripped"];
  #client: string | undefined;

  /** @param forwarding the forwarding fields of the request */
  constructor(remoteAddress: string, origin: OriginVerdict, forwarding: Normalized["stripped"]) {
    const local = forwarding.length > 0 ? "forwarded" : origin === "foreign" ? "page" : "local";
    this.group = isLoopbackAddress(remoteAddress) ? local : `peer ${networkOf(remoteAddress)}`;
    this.origin = origin;
    this.#forwarding = forwarding;
  }

  /** One client of the group. */
  get client(): string {
    return (this.#client ??= `${this.group}${this.#forwardedFor()}`);
  }

  /** The peer, if it is a client itself; undefined for loopback clients and for those behind a proxy. */
  get peer(): string | undefined {
    return this.group.startsWith("peer ") && this.#forwarding.length === 0 ? this.group : undefined;
  }

  #forwardedFor(): string {
    const [, addresses] =
      this.#forwarding.findLast(([name]) => canonicalName(name) === "x-forwarded-for") ?? [];
    if (addresses === undefined) return "";
    return ` for ${networkOf(bareAddress(addresses.slice(addresses.lastIndexOf(",") + 1).trim()))}`;
  }
}

/** Returns an address, of IPv6 its /64: the smallest part of the address space that one customer gets (RFC 6177). */
function networkOf(text: string): string {
  const address = parseAddress(text);
  if (!address || !("parts" in address)) return address?.toString() ?? text.slice(0, ADDRESS_LENGTH);
  const network = address.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(":")}::/64`;
}
