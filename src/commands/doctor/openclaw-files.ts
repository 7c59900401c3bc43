import { existsSync } from "node:fs";
import { join } from "node:path";
import { openclawStateDir, readOpenclawConfig, section, type Environment } from "../../openclaw/config.ts";
import { readIdentity } from "../../openclaw/identity-file.ts";
import { readSmallFile } from "../../openclaw/small-file.ts";
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
  const self = process.geteuid?.() ?? 0;
  if (self !== 0 && file.uid !== self)
    reject(`belongs to user ${file.uid}, so OpenClaw here cannot write it`);
  const json = parseJson(Buffer.from(file.text));
  const used = "value" in json ? use(json.value) : undefined;
  if (used === undefined) reject("why" in json ? json.why : "is not as OpenClaw writes it");
  return used;
}
