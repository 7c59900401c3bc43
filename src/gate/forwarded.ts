import { canonicalName, isForwarding } from "../headers/header-names.ts";
import type { ForwardedPolicy } from "../settings/settings.ts";
import { parseAddress, type AddressMatcher } from "../net/ip-address.ts";
import { refuse, type Refusal } from "../errors.ts";

/** Fields whose value is a list of client addresses: what is none there is not private either. */
const ADDRESS_FIELDS: ReadonlySet<string> = new Set([
  "cf-connecting-ip",
  "cf-connecting-ipv6",
  "client-ip",
  "fastly-client-ip",
  "fly-client-ip",
  "forwarded-for",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-envoy-external-address",
  "x-forwarded",
  "x-forwarded-client-ip",
  "x-forwarded-for",
  "x-original-for",
  "x-original-forwarded-for",
  "x-real-ip",
  "x-vercel-forwarded-for",
  "x-vercel-proxied-for",
]);

const PRIVATE_RANGES: ReadonlySet<string> = new Set([
  "loopback",
  "private",
  "linkLocal",
  "carrierGradeNat",
  "uniqueLocal",
]);

/** What the forwarding fields of a request say. */
export interface ForwardedFacts {
  /** The first forwarding field, as received; undefined where there is none. */
  readonly field: string | undefined;
  /** Every address they name, as received; where a field is to name a client, what is no address too. */
  readonly addresses: readonly string[];
}

/** Reads the forwarding fields, in their order, duplicates and empty ones too. */
export function readForwarded(rawHeaders: readonly string[]): ForwardedFacts {
  let field: string | undefined;
  const addresses: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const received = rawHeaders[i] ?? "";
    const name = canonicalName(received);
    if (!isForwarding(name)) continue;
    field ??= received;
    const value = rawHeaders[i + 1] ?? "";
    if (ADDRESS_FIELDS.has(name)) {
      addresses.push(...listItems(value));
    } else {
      if (name === "forwarded") addresses.push(...forwardedFor(value));
      addresses.push(...addressesAmong(value));
    }
  }
  return { field, addresses };
}

/** Whether an address from a forwarding field is one that a stranger on the internet can have. */
export function isPublic(text: string, allowed: AddressMatcher): boolean {
  const address = bareAddress(text);
  const parsed = parseAddress(address);
  // What is no address ("unknown", "_hidden", garbage) tells nothing, and nothing is not private.
  if (!parsed) return true;
  return !PRIVATE_RANGES.has(parsed.range()) && !allowed(address);
}

/** Applies `--forwarded`. */
export function checkForwarded(
  facts: ForwardedFacts,
  policy: ForwardedPolicy,
  allowed: AddressMatcher,
): Refusal | undefined {
  if (policy === "strip" || facts.field === undefined) return undefined;
  if (policy === "reject") return refuse("forwarded_rejected", facts.field);
  const stranger = facts.addresses.find((address) => isPublic(address, allowed));
  return stranger === undefined ? undefined : refuse("forwarded_public", bareAddress(stranger));
}

function listItems(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** What is an address in a value of any form: `1.1 192.0.2.1:80` (Via), `by=192.0.2.1` (Forwarded). */
function addressesAmong(value: string): string[] {
  return value.split(/[\s,;="]+/).filter((item) => parseAddress(bareAddress(item)) !== undefined);
}

/** The `for` parameters of a `Forwarded` field (RFC 7239 section 4), unquoted. */
function forwardedFor(value: string): string[] {
  return [...value.matchAll(/(?:^|[;,])\s*for\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,\s]*))/gi)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

/** `[2001:db8::1]:4711` and `192.0.2.1:4711` without brackets and port (RFC 7239 section 6). */
function bareAddress(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\w+)?$/.exec(text)?.[1];
  if (bracketed !== undefined) return bracketed;
  return /^(\d+\.\d+\.\d+\.\d+):\w+$/.exec(text)?.[1] ?? text;
}
