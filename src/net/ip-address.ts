import ipaddr from "ipaddr.js";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
// A zone (fe80::1%eth0) names the link.
const MAYBE_IPV6 = /^([\da-f:.]{2,45})(?:%[\da-z.:-]+)?$/i;

/** Returns true if an address is in the set. */
export type AddressMatcher = (address: string) => boolean;

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The last texts that were parsed: those of each request are mostly the same. */
const parsed = new Map<string, Address | undefined>();
const [PARSED_LIMIT, PARSED_LENGTH] = [64, 64];

/**
 * Returns what `net.isIP` does: 4, 6, or 0 for other text. That one takes 6 ms at its first IPv6 address, to compile its
 * expression, and `node:net` 4 ms, which a command that only prints need not load.
 */
export function ipFamily(text: string): 0 | 4 | 6 {
  if (!text.includes(":")) return IPV4.test(text) ? 4 : 0;
  const [, address] = MAYBE_IPV6.exec(text) ?? [];
  return address !== undefined && URL.canParse(`ws://[${address}]`) ? 6 : 0;
}

/**
 * Parses an IP address, IPv4-mapped IPv6 as IPv4: a dual-stack socket reports peers that way.
 *
 * @returns undefined for all that `net.isIP` rejects: `ipaddr.js` alone also accepts `127.1`, `0177.0.0.1` and
 * `2130706433`, and reads the deprecated `::127.0.0.1` (RFC 4291 section 2.5.5.1) as IPv4-mapped
 */
export function parseAddress(text: string): Address | undefined {
  if (parsed.has(text)) return parsed.get(text);
  const address = parse(text);
  if (parsed.size >= PARSED_LIMIT) parsed.clear();
  if (text.length <= PARSED_LENGTH) parsed.set(text, address);
  return address;
}

function parse(text: string): Address | undefined {
  if (ipFamily(text) === 0 || /^::\d+\.[\d.]+(?:%|$)/.test(text)) return undefined;
  // A zone (fe80::1%eth0) names the link, not the address.
  return ipaddr.process(text.split("%", 1)[0] ?? text);
}

/** Returns an address in its short form, without a zone and IPv4-mapped IPv6 as IPv4; undefined for other text. */
export function canonicalAddress(text: string): string | undefined {
  // As in most starts: then `ipaddr.js` is not loaded.
  return text === "::1" || IPV4.test(text) ? text : parseAddress(text)?.toString();
}

/** Returns true for 127.0.0.0/8, its IPv4-mapped form, and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return address === "127.0.0.1" || address === "::1" || parseAddress(address)?.range() === "loopback";
}

const PRIVATE_RANGES = new Set(["loopback", "private", "linkLocal", "carrierGradeNat", "uniqueLocal"]);

/** Returns true for an address that is not on the public internet; false for text that is not an address. */
export function isPrivateAddress(address: string): boolean {
  return PRIVATE_RANGES.has(parseAddress(address)?.range() ?? "");
}

/** Returns true if no address of a valid CIDR block is on the public internet: its first and last one are private. */
export function isPrivateBlock(cidr: string): boolean {
  const family = cidr.includes(":") ? ipaddr.IPv6 : ipaddr.IPv4;
  const ends = [family.networkAddressFromCIDR(cidr), family.broadcastAddressFromCIDR(cidr)];
  return ends.every((end) => isPrivateAddress(end.toString()));
}

/** Creates a matcher for loopback and every address in `cidrs`: valid blocks or single addresses. */
export function addressMatcher(cidrs: readonly string[]): AddressMatcher {
  const matchers = cidrs.map(blockMatcher);
  return (text) => isLoopbackAddress(text) || matchers.some((matches) => matches(text));
}

/** Creates a matcher for one block or address. It matches nothing if the text is neither. */
export function blockMatcher(text: string): AddressMatcher {
  const [, base = "", digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const block = parseAddress(base);
  const most = block?.kind() === "ipv4" ? 32 : 128;
  const bits = digits === undefined ? most : Number(digits);
  return (other) => {
    const address = parseAddress(other);
    if (!address || bits > most) return false;
    if (address instanceof ipaddr.IPv4) return block instanceof ipaddr.IPv4 && address.match(block, bits);
    return block instanceof ipaddr.IPv6 && address.match(block, bits);
  };
}

/** Removes the `::ffff:` of an IPv4 address as a dual-stack socket reports it. */
export function withoutMappedPrefix(address: string): string {
  return address.replace(/^::ffff:/i, "");
}
