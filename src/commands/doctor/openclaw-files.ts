import { existsSync } from "node:fs";
import { join } from "node:path";
import { openclawStateDir, readOpenclawConfig, section, type Environment } from "../../openclaw/config.ts";
import { readIdentity } from "../../openclaw/device.ts";
import { readPendingRequest } from "../../openclaw/protocol.ts";
import { readSmallFile } from "../../openclaw/small-file.ts";
import { isRecord, stringOf, textsIn } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";
import { parseJson } from "../../text/strict-json.ts";

/** A store has a few kilobytes and a handful of devices. */
const MAX_BYTES = 4 * 1024 * 1024;
const LIST_LIMIT = 1_000;

/** What OpenClaw's own files hold. */
export type OpenclawFiles = ReturnType<typeof readOpenclawFiles>;

/** The gateway's pending and paired devices. Texts are as received. */
export interface DeviceLists {
  readonly pending: NonNullable<ReturnType<typeof readPending>>;
  readonly paired: NonNullable<ReturnType<typeof readPaired>>;
}

/** Reads OpenClaw's config and device store. Never throws. */
export function readOpenclawFiles(env: Environment) {
  const { shownPath, object, why, owner } = readOpenclawConfig(env);
  /** Files that exist but cannot be used; `why` is the end of the sentence `FILE …`. */
  const bad: { shownPath: string; why: string; denied: boolean }[] = [];
  if (why !== undefined) bad.push({ shownPath, why, denied: owner !== undefined });
  const stateDir = openclawStateDir(env);

  function read<T>(name: string, use: (value: unknown) => T | undefined): T | undefined {
    if (stateDir === undefined) return undefined;
    const path = join(stateDir, name);
    const reject = (reason: string, denied = false): void =>
      void bad.push({ shownPath: printable(path, 120), why: reason, denied });
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

  const pending = read("devices/pending.json", readPending);
  const paired = read("devices/paired.json", readPaired);
  const gateway = section(object, "gateway");
  return {
    /** `openclaw.json`, for messages. */
    shownConfigPath: shownPath,
    /** Its `gateway` section; undefined if the file does not exist or cannot be read. */
    gateway: object === undefined ? undefined : gateway,
    /** Parts of the config are in other files, which are not read. */
    includes: (gateway["$include"] ?? object?.["$include"]) !== undefined,
    /** The device of OpenClaw's CLI and of the gateway's own client. */
    ownDeviceId: read("identity/device.json", readIdentity)?.id,
    /** Undefined on releases that do not have these files. */
    devices: pending || paired ? { pending: pending ?? [], paired: paired ?? [] } : undefined,
    /** The device store is SQLite, which only the gateway reads. */
    sqlite: stateDir !== undefined && existsSync(join(stateDir, "state", "openclaw.sqlite")),
    bad,
  };
}

/** Reads requests from `device.pair.list` or a file: a list, or an object keyed by id. Returns undefined for others. */
export function readPending(value: unknown) {
  return itemsOf(value)?.flatMap((item) => {
    const request = readPendingRequest(item);
    /** Unix time in ms, by the gateway's clock. */
    const at = typeof item["ts"] === "number" ? item["ts"] : undefined;
    const [client, name] = [stringOf(item["clientId"]), stringOf(item["displayName"])];
    return request ? Object.assign(request, { client, name, at }) : [];
  });
}

/** Reads from `node.list` the nodes that have commands which wait for approval; older releases do not say so. */
export function readWaitingNodes(value: unknown) {
  return (itemsOf(value) ?? []).flatMap((item) => {
    const [nodeId, requestId] = [stringOf(item["nodeId"]), stringOf(item["pendingRequestId"])];
    const isPending = stringOf(item["approvalState"])?.startsWith("pending-") === true;
    const commands = textsIn(item["pendingDeclaredCommands"]);
    if (!isPending || nodeId === undefined || requestId === undefined || commands.length === 0) return [];
    return { nodeId, requestId, client: stringOf(item["clientId"]), commands };
  });
}

/** Reads paired devices, with the scopes that an operator approved, as `readPending` reads requests. */
export function readPaired(value: unknown) {
  return itemsOf(value)?.flatMap((item) => {
    const deviceId = stringOf(item["deviceId"]);
    if (deviceId === undefined) return [];
    const roles = [...textsIn(item["roles"]), ...textsIn([item["role"]])];
    const scopes = textsIn(item["approvedScopes"] ?? item["scopes"]);
    return { deviceId, client: stringOf(item["clientId"]), roles, scopes };
  });
}

function itemsOf(value: unknown): Readonly<Record<string, unknown>>[] | undefined {
  if (!Array.isArray(value) && !isRecord(value)) return undefined;
  return Object.values(value).slice(0, LIST_LIMIT).filter(isRecord);
}
