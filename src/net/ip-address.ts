import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { refuse, type Refusal } from "../errors.ts";

/** A set of addresses. */
export type AddressMatcher = (address: string) => boolean;

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * An address in its plain form, or undefined. `net.isIP` decides what is one: `ipaddr.js` also takes `127.1`,
 * `0177.0.0.1` and `2130706433`, and reads the long deprecated `::127.0.0.1` (RFC 4291 section 2.5.5.1) as
 * IPv4-mapped. IPv4-mapped IPv6 becomes IPv4 (a dual-stack socket reports peers that way).
 */
export function parseAddress(text: string): Parsed | undefined {
  if (isIP(text) === 0 || /^::\d+\.[\d.]+(?:%|$)/.test(text)) return undefined;
  // A zone (fe80::1%eth0) says which link, not which address.
  return ipaddr.process(text.split("%", 1)[0] ?? text);
}

/** Returns an address in its short form, without a zone and IPv4-mapped IPv6 as IPv4; undefined for other text. */
export function canonicalAddress(text: string): string | undefined {
  return parseAddress(text)?.toString();
}

/** Whether `address` is 127.0.0.0/8, ::1, or an IPv4-mapped form of the former. */
export function isLoopbackAddress(address: string): boolean {
  if (address === "127.0.0.1" || address === "::1" || address === "::ffff:127.0.0.1") return true;
  return parseAddress(address)?.range() === "loopback";
}

/**
 * Matches loopback and every address in `cidrs`.
 *
 * @param cidrs `192.0.2.0/24` or a single address; checked by the settings
 */
export function addressMatcher(cidrs: readonly string[]): AddressMatcher {
  const blocks = cidrs.map((cidr) => {
    const [address, prefix] = cidr.includes("/") ? ipaddr.parseCIDR(cidr) : [ipaddr.parse(cidr), undefined];
    return { address, prefix: prefix ?? (address.kind() === "ipv4" ? 32 : 128) };
  });
  return (text) => {
    if (isLoopbackAddress(text)) return true;
    const parsed = parseAddress(text);
    if (!parsed) return false;
    return blocks.some(({ address, prefix }) => {
      if (parsed instanceof ipaddr.IPv4)
        return address instanceof ipaddr.IPv4 && parsed.match(address, prefix);
      return address instanceof ipaddr.IPv6 && parsed.match(address, prefix);
    });
  };
}

/** Who may connect, judged by the socket's `remoteAddress` alone, never by a header. */
export function checkPeer(remoteAddress: string | undefined, allowed: AddressMatcher): Refusal | undefined {
  // A socket that is already gone has no address any more: nobody is there to be let in.
  if (remoteAddress === undefined) return refuse("peer_not_allowed", "(gone)");
  if (allowed(remoteAddress)) return undefined;
  // In the form that --allow-from takes: neither IPv4-mapped nor with a zone.
  return refuse("peer_not_allowed", parseAddress(remoteAddress)?.toString() ?? remoteAddress);
}
