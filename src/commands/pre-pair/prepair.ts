import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isRecord } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";
import { commit } from "./commit.ts";
import type { Change } from "./commit.ts";
import { errorCode, PrepairError } from "./error.ts";
import { makeIdentity, readIdentity } from "./identity.ts";
import { pairedEntry } from "./paired.ts";
import type { PairedEntry } from "./paired.ts";
import { withoutRequestsOf } from "./pending.ts";
import { findGateway } from "./running.ts";
import type { Whereabouts } from "./running.ts";
import { checkFolder, readStateFile } from "./state-file.ts";
import type { StateFile } from "./state-file.ts";

/** What to prepare; `stateDir` may be a symbolic link, and may be missing where its parent is there. */
export interface PrepairOptions extends Whereabouts {
  /** At least one. */
  readonly roles: readonly string[];
  /** Each begins with one of the roles and a dot. */
  readonly scopes: readonly string[];
  readonly displayName?: string | undefined;
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
}

/** What was done, or would be. Holds no key and no token. */
export interface PrepairReport {
  readonly stateDir: string;
  /** Absent in a dry run that would make a new device. */
  readonly deviceId?: string;
  readonly identity: "created" | "kept";
  readonly paired: PairedEntry["state"];
  /** All that the device is paired for now. */
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** Ids of the pending requests of this device that were removed. */
  readonly removedRequests: readonly string[];
  /** The files that were written, relative to the state directory; none when all was well before. */
  readonly written: readonly string[];
}

const IDENTITY = "identity/device.json";
/** Where the devices are that the gateway knows, relative to the state directory. */
export const PAIRED = "devices/paired.json";
const PENDING = "devices/pending.json";
const OTHERS = 0o077;

/**
 * Makes the device of a state directory a paired one, before a gateway is started on it: `identity/device.json`, the
 * device's entry in `devices/paired.json`, none of its requests in `devices/pending.json`. All else in those files
 * stays. The releases since 2026.6 take the files over into their SQLite store at the gateway's first start. No
 * `identity/device-auth.json`: the gateway hands its token to the tool in the first hello-ok, and the tool keeps it there.
 * @throws PrepairError when it cannot be done; then the files are as they were
 */
export async function prepair(options: PrepairOptions): Promise<PrepairReport> {
  const stateDir = realStateDir(options.stateDir);
  refuseSqlite(stateDir);
  const gateway = await findGateway({ ...options, stateDir });
  if (gateway !== undefined) throw new PrepairError(gateway);

  const [identity, paired, pending] = readStore(stateDir);
  const now = Date.now();
  const known = readIdentity(identity);
  const { device, text } = known ? { device: known, text: undefined } : makeIdentity(now);
  const entry = pairedWith(
    paired,
    (existing) => pairedEntry(device, existing, { ...options, now }),
    device.id,
  );
  const requests = pending.found ? withoutRequestsOf(device.id, pending.found.value) : NO_REQUESTS;
  if (!requests) throw new PrepairError(notAsWritten(pending.path, "an object or a list of requests"));

  const changes = [
    change(identity, text),
    change(paired, entry.state === "unchanged" ? undefined : entry.text),
    requests.removed.length === 0 ? undefined : { file: pending, text: pretty(requests.value) },
  ].filter((one) => one !== undefined);
  if (!options.dryRun) commit(foldersOf(stateDir), changes);
  return {
    stateDir,
    ...(options.dryRun && !known ? {} : { deviceId: device.id }),
    identity: known ? "kept" : "created",
    paired: entry.state,
    roles: entry.roles,
    scopes: entry.scopes,
    removedRequests: requests.removed,
    written: changes.map(({ file }) => file.path.slice(stateDir.length + 1)),
  };
}

const NO_REQUESTS = { value: undefined, removed: [] };

function realStateDir(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const shown = printable(path);
    if (errorCode(error) !== "ENOENT")
      throw new PrepairError(`${shown} cannot be opened (${errorCode(error)})`);
    try {
      return join(realpathSync(dirname(path)), basename(path));
    } catch {
      throw new PrepairError(
        `${shown} cannot be made: the folder that it would be in is missing; make that first`,
      );
    }
  }
}

function refuseSqlite(stateDir: string): void {
  const path = join(stateDir, "state", "openclaw.sqlite");
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new PrepairError(
    `${printable(path)} is there: OpenClaw has taken its device store into SQLite, which prepair does not write; start ` +
      "the gateway and pair the device there (openclaw devices approve, or the shim's --approve seen), or run prepair " +
      "before any other OpenClaw command in this folder: most of them open the store",
  );
}

function foldersOf(stateDir: string): string[] {
  return [stateDir, join(stateDir, "identity"), join(stateDir, "devices")];
}

function readStore(stateDir: string): [identity: StateFile, paired: StateFile, pending: StateFile] {
  for (const folder of foldersOf(stateDir)) checkFolder(folder);
  const read = (name: string): StateFile => readStateFile(join(stateDir, name));
  return [read(IDENTITY), read(PAIRED), read(PENDING)];
}

/** The device's entry, and the whole file with it. */
function pairedWith(
  { path, found }: StateFile,
  entryFor: (existing: unknown) => PairedEntry | undefined,
  deviceId: string,
): PairedEntry & { readonly text: string } {
  const all = found ? found.value : {};
  if (!isRecord(all)) throw new PrepairError(notAsWritten(path, "an object of devices"));
  const existing = Object.hasOwn(all, deviceId) ? all[deviceId] : undefined;
  const entry = entryFor(existing);
  if (entry) return { ...entry, text: pretty({ ...all, [deviceId]: entry.entry }) };
  throw new PrepairError(
    `${printable(path)}: its entry ${deviceId} is not one that OpenClaw wrote for this device; remove that entry`,
  );
}

/** Undefined when there is nothing to write; a file that others may read is written again, for its owner alone. */
function change(file: StateFile, text: string | undefined): Change | undefined {
  if (text !== undefined) return { file, text };
  return file.found && (file.found.mode & OTHERS) !== 0 ? { file, text: file.found.text } : undefined;
}

function notAsWritten(path: string, what: string): string {
  return `${printable(path)} is not ${what}, as OpenClaw writes it; mend it, or move it away if nothing in it is needed`;
}

// As OpenClaw writes its store (`src/infra/json-files.ts`).
function pretty(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
