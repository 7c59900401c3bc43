import { statSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../../text/json.ts";
import { parseJson } from "../../text/strict-json.ts";
import type { Environment } from "../../openclaw/config.ts";
import { openclawStateDir, readOpenclawConfig, section } from "../../openclaw/config.ts";
import { readSmallFile } from "../../openclaw/small-file.ts";
import { printable } from "../../text/printable.ts";
import { readPaired, readPending, type Devices } from "./devices.ts";

/** A store of a few kilobytes; what is larger is not OpenClaw's. */
const MAX_BYTES = 4 * 1024 * 1024;

/** A file that is there and does not do, as the sentence `FILE …`. */
export interface BadFile {
  readonly shownPath: string;
  readonly why: string;
}

/** What OpenClaw's own files say. Nothing is written, and nothing of what they hold is kept but what is here. */
export interface OpenclawFiles {
  /** `openclaw.json`, for messages. */
  readonly shownConfigPath: string;
  /** Its `gateway` section; undefined where there is no such file, or it cannot be read. */
  readonly gateway: Readonly<Record<string, unknown>> | undefined;
  /** Parts of the config are in other files, which are not read. */
  readonly includes: boolean;
  /** The device of `identity/device.json`: the one of OpenClaw's command, and of the gateway's own client. */
  readonly ownDeviceId: string | undefined;
  /** `devices/*.json`, where the release has them. */
  readonly devices: Devices | undefined;
  /** The store is SQLite, which only the gateway reads. */
  readonly sqlite: boolean;
  readonly bad: readonly BadFile[];
}

/** Reads OpenClaw's config and, where it may, its device store. Never throws. */
export function readOpenclawFiles(env: Environment): OpenclawFiles {
  const config = readOpenclawConfig(env);
  const bad: BadFile[] = [];
  if (config.why !== undefined) bad.push({ shownPath: config.shownPath, why: config.why });
  const stateDir = openclawStateDir(env);
  const read = <T>(name: string, use: (value: unknown) => T | undefined): T | undefined =>
    stateDir === undefined ? undefined : readStore(join(stateDir, name), use, bad);
  const pending = read("devices/pending.json", readPending);
  const paired = read("devices/paired.json", readPaired);
  const gateway = section(config.object, "gateway");
  return {
    shownConfigPath: config.shownPath,
    gateway: config.object && gateway,
    includes: (gateway["$include"] ?? config.object?.["$include"]) !== undefined,
    ownDeviceId: read("identity/device.json", deviceIdIn),
    devices: pending || paired ? { pending: pending ?? [], paired: paired ?? [] } : undefined,
    sqlite: stateDir !== undefined && isThere(join(stateDir, "state", "openclaw.sqlite")),
    bad,
  };
}

function readStore<T>(path: string, use: (value: unknown) => T | undefined, bad: BadFile[]): T | undefined {
  const shownPath = printable(path, 120);
  const file = readSmallFile(path, MAX_BYTES);
  if ("why" in file) {
    if (!file.missing) bad.push({ shownPath, why: file.why });
    return undefined;
  }
  const owner = strangeOwner(path);
  if (owner !== undefined)
    bad.push({ shownPath, why: `belongs to user ${owner}, so OpenClaw here cannot write it` });
  const json = parseJson(Buffer.from(file.text));
  const used = "value" in json ? use(json.value) : undefined;
  if (used === undefined)
    bad.push({ shownPath, why: "why" in json ? json.why : "is not as OpenClaw writes it" });
  return used;
}

/** The owner of a file where that is neither this user nor, for root, anybody: root looks after others' files. */
function strangeOwner(path: string): number | undefined {
  const own = process.geteuid?.();
  if (own === undefined || own === 0) return undefined;
  const uid = statSync(path, { throwIfNoEntry: false })?.uid;
  return uid === own ? undefined : uid;
}

function deviceIdIn(identity: unknown): string | undefined {
  const id = isRecord(identity) ? identity["deviceId"] : undefined;
  return typeof id === "string" && /^[0-9a-f]{64}$/.test(id) ? id : undefined;
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // nobody lets us look
  }
}
