import { existsSync } from "node:fs";
import { BlockList } from "node:net";
import { join } from "node:path";
import { parseAddress } from "../../net/ip-address.ts";
import { openclawStateDir, readOpenclawConfig, section, type Environment } from "../../openclaw/config.ts";
import { readIdentity } from "../../openclaw/device.ts";
import { readSmallFile } from "../../openclaw/small-file.ts";
import type { Settings } from "../../settings/settings.ts";
import { textsIn } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";
import { parseJson } from "../../text/strict-json.ts";
import { readPaired, readPending, type DeviceLists } from "./device-lists.ts";

/** A store has a few kilobytes. */
const MAX_BYTES = 4 * 1024 * 1024;

/** A file that exists but cannot be used; `why` is the end of the sentence `FILE …`. */
export interface BadFile {
  readonly shownPath: string;
  readonly why: string;
  /** This user may not read it. */
  readonly denied: boolean;
}

/** What OpenClaw's own files hold. */
export interface OpenclawFiles {
  /** `openclaw.json`, for messages. */
  readonly shownConfigPath: string;
  /** Its `gateway` section; undefined if the file does not exist or cannot be read. */
  readonly gateway: Readonly<Record<string, unknown>> | undefined;
  /** Parts of the config are in other files, which are not read. */
  readonly includes: boolean;
  /** The device of `identity/device.json`, which OpenClaw's CLI and the gateway's own client use. */
  readonly ownDeviceId: string | undefined;
  /** `devices/*.json`, on releases that have them. */
  readonly devices: DeviceLists | undefined;
  /** The device store is SQLite, which only the gateway reads. */
  readonly sqlite: boolean;
  readonly bad: readonly BadFile[];
}

/** Reads OpenClaw's config and device store. Never throws. */
export function readOpenclawFiles(env: Environment): OpenclawFiles {
  const { shownPath, object, why, owner } = readOpenclawConfig(env);
  const bad: BadFile[] = why === undefined ? [] : [{ shownPath, why, denied: owner !== undefined }];
  const stateDir = openclawStateDir(env);
  const read = <T>(name: string, use: (value: unknown) => T | undefined): T | undefined =>
    stateDir === undefined ? undefined : readStore(join(stateDir, name), use, bad);
  const pending = read("devices/pending.json", readPending);
  const paired = read("devices/paired.json", readPaired);
  const gateway = section(object, "gateway");
  return {
    shownConfigPath: shownPath,
    gateway: object && gateway,
    includes: (gateway["$include"] ?? object?.["$include"]) !== undefined,
    ownDeviceId: read("identity/device.json", readIdentity)?.id,
    devices: pending || paired ? { pending: pending ?? [], paired: paired ?? [] } : undefined,
    sqlite: stateDir !== undefined && existsSync(join(stateDir, "state", "openclaw.sqlite")),
    bad,
  };
}

/** Returns why the device store could not be read from disk, as the end of a sentence. */
export function storeHint({ sqlite }: OpenclawFiles): string {
  return sqlite ? "; the store is SQLite, which only the gateway reads" : "";
}

function readStore<T>(path: string, use: (value: unknown) => T | undefined, bad: BadFile[]): T | undefined {
  const reject = (why: string, denied = false): void =>
    void bad.push({ shownPath: printable(path, 120), why, denied });
  const file = readSmallFile(path, MAX_BYTES);
  if ("why" in file) {
    if (!file.missing) reject(file.why, file.denied);
    return undefined;
  }
  // Root looks after the files of others.
  if (file.otherOwner !== undefined && process.geteuid?.() !== 0)
    reject(`belongs to user ${file.otherOwner}, so OpenClaw here cannot write it`);
  const json = parseJson(Buffer.from(file.text));
  const used = "value" in json ? use(json.value) : undefined;
  if (used === undefined) reject("why" in json ? json.why : "is not as OpenClaw writes it");
  return used;
}

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
