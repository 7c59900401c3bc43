import { refuse, type Refusal } from "../errors.ts";
import { canonicalName, forwardingHeader, type HeaderContent } from "../headers/header-table.ts";
import { isPrivateAddress, parseAddress, type AddressMatcher } from "../net/ip-address.ts";
import type { ForwardedPolicy } from "../settings/settings.ts";

/** The `for` parameters of RFC 7239 section 4, unquoted. */
const FOR = /(?:^|[;,])\s*for\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,\s]*))/gi;

/** What the forwarding fields of a request say. */
export interface ForwardedFacts {
  /** The first forwarding field, as received; undefined if there is none. */
  readonly field: string | undefined;
  /** Every client that they name, as received; in a field for client addresses, also what is not an address. */
  readonly addresses: readonly string[];
}

/**
 * Reads the forwarding fields in their order, duplicates and empty ones included.
 *
 * @param strip further canonical names that count
 */
export function readForwarded(rawHeaders: readonly string[], strip?: readonly string[]): ForwardedFacts {
  let field: string | undefined;
  // A proxy names the same client in several fields.
  const addresses = new Set<string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const received = rawHeaders[i] ?? "";
    const header = forwardingHeader(canonicalName(received), strip);
    if (!header) continue;
    field ??= received;
    for (const address of addressesIn(rawHeaders[i + 1] ?? "", header.carries)) addresses.add(address);
  }
  return { field, addresses: [...addresses] };
}

/** Returns true if an address from a forwarding field can belong to a client on the internet. */
export function isPublic(text: string, allowed: AddressMatcher): boolean {
  const address = bareAddress(text);
  // Text that is not an address ("unknown", "_hidden") does not prove that the client is private.
  return !isPrivateAddress(address) && !allowed(address);
}

/** Applies `--forwarded`. */
export function checkForwarded(
  facts: ForwardedFacts,
  policy: ForwardedPolicy,
  allowed: AddressMatcher,
): Refusal | undefined {
  if (policy === "strip" || facts.field === undefined) return undefined;
  if (policy === "reject") return refuse("forwarded_rejected", facts.field);
  const found = facts.addresses.find((address) => isPublic(address, allowed));
  return found === undefined ? undefined : refuse("forwarded_public", bareAddress(found));
}

function addressesIn(value: string, carries: HeaderContent): string[] {
  if (carries === "addresses") {
    const items = value.split(",").map((item) => item.trim());
    return items.filter((item) => item !== "");
  }
  // In a value of any form: `1.1 192.0.2.1:80` (Via), `by=192.0.2.1` (Forwarded).
  if (!/\d\.\d+\.\d+\.\d|:[^:]*:/.test(value) && carries !== "forwarded") return [];
  const found = value.split(/[\s,;="]+/).filter((item) => parseAddress(bareAddress(item)));
  if (carries !== "forwarded") return found;
  for (let match = FOR.exec(value); match; match = FOR.exec(value)) found.push(match[1] ?? match[2] ?? "");
  return found;
}

/** Removes brackets and port: `[2001:db8::1]:4711`, `192.0.2.1:4711` (RFC 7239 section 6). */
export function bareAddress(text: string): string {
  const [, v6, v4] = /^(?:\[([^\]]*)\](?::\w+)?|(\d+\.\d+\.\d+\.\d+):\w+)$/.exec(text) ?? [];
  return v6 ?? v4 ?? text;
}
