import { BlockList } from "node:net";
import { parseAddress } from "../../net/ip-address.ts";
import { section } from "../../openclaw/config.ts";
import type { Settings } from "../../settings/settings.ts";
import { textsIn } from "../../text/json.ts";
import type { OpenclawFiles } from "./openclaw-files.ts";

/** Returns the entries of `gateway.trustedProxies` that cover the address from which the gateway is reached here. */
export function loopbackProxies({ gateway }: OpenclawFiles, settings: Settings): readonly string[] {
  const source = settings.gateway.host.includes(":") ? "::1" : "127.0.0.1";
  const value = gateway?.["trustedProxies"];
  return textsIn(typeof value === "string" ? [value] : value).filter((entry) =>
    contains(entry.trim(), source),
  );
}

/** Returns true if `gateway.nodes.pairing.autoApproveLocal` is false. */
export function requiresApproval({ gateway }: OpenclawFiles): boolean {
  return section(section(gateway, "nodes"), "pairing")["autoApproveLocal"] === false;
}

/** Blocks that are not on the public internet. */
const PRIVATE = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
];

/** Returns true if no address of a block is on the public internet. */
export function isPrivateBlock(cidr: string): boolean {
  return PRIVATE.some((block) => contains(block, cidr));
}

/** Returns true if every address of `inner` is in `outer`; false for what is not an address or a block. */
function contains(outer: string, inner: string): boolean {
  const [block, part] = [readBlock(outer), readBlock(inner)];
  if (!block || !part || block.family !== part.family || block.bits > part.bits) return false;
  const blocks = new BlockList();
  blocks.addSubnet(block.address, block.bits, block.family);
  return blocks.check(part.address, part.family);
}

function readBlock(text: string) {
  const [base = "", digits] = text.split("/", 2);
  const address = parseAddress(base);
  if (!address || (digits !== undefined && !/^\d{1,3}$/.test(digits))) return undefined;
  const family = address.kind();
  const most = family === "ipv4" ? 32 : 128;
  const bits = digits === undefined ? most : Number(digits);
  return bits > most ? undefined : { address: address.toString(), bits, family };
}
