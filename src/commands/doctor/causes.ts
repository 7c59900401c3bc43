import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { parseAddress } from "../../net/ip-address.ts";
import { textsIn } from "../../text/json.ts";
import { section } from "../../openclaw/config.ts";
import type { Facts } from "./facts.ts";

/** The entries of `gateway.trustedProxies` that cover the address from which this machine reaches the gateway. */
export function loopbackProxies({
  openclaw,
  settings,
}: Pick<Facts, "openclaw" | "settings">): readonly string[] {
  const from = settings.gateway.host.includes(":") ? "::1" : "127.0.0.1";
  return textList(openclaw.gateway?.["trustedProxies"]).filter((entry) => covers(entry.trim(), from));
}

/** Whether `gateway.nodes.pairing.autoApproveLocal` is false. */
export function asksForEveryDevice({ openclaw }: Pick<Facts, "openclaw">): boolean {
  const nodes = section(openclaw.gateway, "nodes");
  return section(nodes, "pairing")["autoApproveLocal"] === false;
}

/** `gateway.auth.mode` as the gateway says it, else as its config does. */
export function authMode({
  direct,
  plain,
  openclaw,
}: Pick<Facts, "direct" | "plain" | "openclaw">): string | undefined {
  for (const attempt of [direct, plain]) {
    if (attempt?.connected && attempt.hello.authMode !== undefined) return attempt.hello.authMode;
  }
  const mode = section(openclaw.gateway, "auth")["mode"];
  return typeof mode === "string" ? mode : undefined;
}

/** Whether an address or block covers an address; false for what is neither. */
function covers(entry: string, address: string): boolean {
  const [base = "", digits] = entry.split("/", 2);
  const block = parseAddress(base);
  const target = parseAddress(address);
  if (!block || !target || isIP(base) === 0) return false;
  const most = block.kind() === "ipv4" ? 32 : 128;
  const bits = digits === undefined ? most : Number(digits);
  if (!Number.isInteger(bits) || bits < 0 || bits > most) return false;
  if (block instanceof ipaddr.IPv4) return target instanceof ipaddr.IPv4 && target.match(block, bits);
  return target instanceof ipaddr.IPv6 && target.match(block, bits);
}

/** Whether every address of a block is one that no stranger on the internet has. */
export function isPrivateBlock(cidr: string): boolean {
  if (!ipaddr.isValidCIDR(cidr)) return false;
  const [first, last] = cidr.includes(":")
    ? [ipaddr.parseCIDR(cidr)[0], lastOf(cidr)]
    : [ipaddr.IPv4.networkAddressFromCIDR(cidr), ipaddr.IPv4.broadcastAddressFromCIDR(cidr)];
  const ranges = [first.range(), last.range()];
  return ranges.every((range) => PRIVATE.has(range)) && ranges[0] === ranges[1];
}

const PRIVATE: ReadonlySet<string> = new Set([
  "loopback",
  "private",
  "linkLocal",
  "carrierGradeNat",
  "uniqueLocal",
]);

function lastOf(cidr: string): ipaddr.IPv6 {
  return ipaddr.IPv6.broadcastAddressFromCIDR(cidr);
}

/** The texts of a list, or the one text that stands for a list. */
function textList(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return textsIn(value);
}
