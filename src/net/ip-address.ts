import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** Returns true if an address is in the set. */
export type AddressMatcher = (address: string) => boolean;

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Parses an IP address, IPv4-mapped IPv6 as IPv4: a dual-stack socket reports peers that way.
 *
 * @returns undefined for all that `net.isIP` rejects: `ipaddr.js` alone also accepts `127.1`, `0177.0.0.1` and
 * `2130706433`, and reads the deprecated `::127.0.0.1` (RFC 4291 section 2.5.5.1) as IPv4-mapped
 */
export function parseAddress(text: string): Parsed | undefined {
  if (isIP(text) === 0 || /^::\d+\.[\d.]+(?:%|$)/.test(text)) return undefined;
  // A zone (fe80::1%eth0) names the link, not the address.
  return ipaddr.process(text.split("%", 1)[0] ?? text);
}

/** Returns an address in its short form, without a zone and IPv4-mapped IPv6 as IPv4; undefined for other text. */
export function canonicalAddress(text: string): string | undefined {
  return parseAddress(text)?.toString();
}

/** Returns true for 127.0.0.0/8, its IPv4-mapped form, and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return parseAddress(address)?.range() === "loopback";
}

/**
 * Creates a matcher for loopback and every address in `cidrs`.
 *
 * @param cidrs `192.0.2.0/24` or a single address, already validated
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

/** Removes the `::ffff:` of an IPv4 address as a dual-stack socket reports it. */
export function withoutMappedPrefix(address: string): string {
  return address.replace(/^::ffff:/i, "");
}
